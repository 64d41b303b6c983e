"""Benchmarks of the whole bot: through the local Slack, beside bots that do less."""
