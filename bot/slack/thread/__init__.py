"""Reads a Slack thread and turns it into the prompt for the models."""
