"""Simulates the people in the local Slack: what they do and what they see."""
