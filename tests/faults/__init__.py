"""Faults that the bot must survive. They are real: processes are killed, databases are stopped."""
