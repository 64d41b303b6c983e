"""How questions come in: events, the slash command, shortcuts; stored, then queued."""
