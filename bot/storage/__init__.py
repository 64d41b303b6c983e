"""The run store and all other stored data, with SQLAlchemy Core on SQLite or Postgres."""
