"""The bot's inner rooms: settings, storage, service, jobs, logs."""
