"""The commands of the terminal: asking questions and managing stored runs.

Start reading at `bot.terminal.ask.ask`.
"""
