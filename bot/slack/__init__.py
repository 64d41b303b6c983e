"""Everything specific to Slack: events in, blocks and text out."""
