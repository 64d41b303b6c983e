"""Draws the local Slack's content as HTML. No text can run or load anything."""
