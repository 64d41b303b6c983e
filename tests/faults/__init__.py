"""The faults that the bot has to survive, each really done: processes killed, databases stopped."""
