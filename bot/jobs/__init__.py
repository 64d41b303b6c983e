"""Runs work on questions: in this process on SQLite, by any worker process on Postgres."""
