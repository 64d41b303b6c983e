"""Downloads and reads attached files, only from Slack and within limits. See `SlackFiles`."""

from bot.slack.files.as_prompt import Attachments
from bot.slack.files.reader import SlackFiles
from bot.slack.files.slack_file import FileText, Unread

__all__ = ["Attachments", "FileText", "SlackFiles", "Unread"]
