"""Attacks: hostile texts and strangers, and how the bot must handle them."""
