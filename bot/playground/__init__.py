"""A local Slack that speaks the real protocol on loopback: for trying the bot, and for its tests.

Start reading at `bot.playground.server.LocalSlack`.
"""
