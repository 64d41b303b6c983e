"""The team's side: Slack, storage, the terminal. `bot` imports `moa`, never the other way."""
