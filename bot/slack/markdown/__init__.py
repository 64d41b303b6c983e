"""Markdown made safe for Slack, split into messages, or turned into rich text."""
