"""Defines a run: pipelines from TOML, plans, strategies, prompts and the token budget."""
