"""Attacks: hostile texts and strangers, and what the bot must make of them."""
