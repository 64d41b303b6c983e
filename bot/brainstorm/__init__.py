"""Brainstorms: their phases, ideas and dots. Independent of Slack and SQL."""
