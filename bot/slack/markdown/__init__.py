"""Makes Markdown safe for Slack, splits it into messages and converts it to rich text."""
