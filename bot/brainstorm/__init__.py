"""Brainstorms: their phases, ideas and dots. Knows no Slack and no SQL."""
