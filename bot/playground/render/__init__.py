"""Renders messages, modals and the Home tab as text."""
