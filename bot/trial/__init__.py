"""`moa-bot try`: the local Slack, the real bot and a page to use both in a browser.

Start reading at `bot.trial.session.open_trial`.
"""
