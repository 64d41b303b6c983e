"""What a run asks: pipelines from TOML, plans, strategies, prompts, the token budget."""
