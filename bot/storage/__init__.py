"""The journal in a database: SQLAlchemy Core, on SQLite by default and on Postgres."""
