"""What the local Slack keeps: people, channels, messages, views."""
