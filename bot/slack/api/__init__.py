"""Talking to Slack: the Web API client, who we are, who people are, message metadata."""
