"""The room of what an operator sees of the bot: metrics and traces, never a word of a question."""
