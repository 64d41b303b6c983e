"""Slack's validation rules for messages, views, blocks and elements."""
