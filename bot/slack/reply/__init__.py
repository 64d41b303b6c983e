"""The reply as people see it: streamed text, progress, status, notices and recovery."""
