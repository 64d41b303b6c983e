"""Brainstorms, from their store to Slack."""
