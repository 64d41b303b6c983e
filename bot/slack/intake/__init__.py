"""Stores questions from events, commands and shortcuts, and queues them for the workers."""
