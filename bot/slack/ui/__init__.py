"""Texts, blocks, the footer and model names, shared by everything shown in Slack."""
