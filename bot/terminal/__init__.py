"""The commands of the terminal: asking a question and managing stored runs.

Start reading at `bot.terminal.ask.ask`.
"""
