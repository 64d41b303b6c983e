"""Tests of the local Slack itself, driven with Slack's own SDK."""
