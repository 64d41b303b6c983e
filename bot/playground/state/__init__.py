"""The state of the local Slack: users, channels, messages and views."""
