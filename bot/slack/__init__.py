"""Everything that knows Slack: events in, blocks and text out."""
