"""Benchmarks of the whole bot through the local Slack, compared with simpler bots."""
