"""Brainstorms in Slack: the board, modals, buttons and the messages in its thread."""
