"""The run store and everything else that is kept: SQLAlchemy Core on SQLite or Postgres."""
