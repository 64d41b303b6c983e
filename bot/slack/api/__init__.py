"""Slack's Web API and Socket Mode: the clients, our identity, users, message metadata."""
