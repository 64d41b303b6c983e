"""Slack's rules for what blocks may hold, one kind of thing a file."""
