"""The Slack bot and the command line. `bot` imports `moa`, never the other way round."""
