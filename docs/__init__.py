"""The documents, and the command that draws their pictures."""
