"""The trial page in a real Chromium."""
