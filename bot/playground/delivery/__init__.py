"""Delivers events to the app over Socket Mode or HTTP, and retries until acknowledged."""
