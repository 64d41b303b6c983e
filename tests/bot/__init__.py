"""Tests of the bot's core: settings, storage, service, jobs and logs."""
