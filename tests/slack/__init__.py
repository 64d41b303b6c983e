"""The bot in Slack, and the text and blocks that it sends."""
