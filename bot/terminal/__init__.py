"""How a question is asked in a terminal, and how the run that answers it is shown there.

Start reading at `bot.terminal.ask.ask`.
"""
