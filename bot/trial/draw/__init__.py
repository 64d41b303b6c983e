"""Draws what the local Slack holds as HTML. No text can run or load anything."""
