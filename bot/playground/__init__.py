"""A local Slack that speaks the real protocol on loopback, for trying and testing the bot.

Start reading at `bot.playground.server.LocalSlack`.
"""
