"""Tests of the bot in Slack, and of its text and blocks."""
