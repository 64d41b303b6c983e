"""Tests of brainstorms, from their store to Slack."""
