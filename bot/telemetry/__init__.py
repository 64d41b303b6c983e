"""Metrics and traces for operators. They never contain the text of a question."""
