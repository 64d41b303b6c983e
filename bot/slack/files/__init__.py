"""The room of files that people attach: fetched from Slack alone, read within limits, never obeyed.

Start reading at `reader.SlackFiles`. What could not be read is said to the models and to people.
"""

from bot.slack.files.as_prompt import Attachments
from bot.slack.files.reader import SlackFiles
from bot.slack.files.slack_file import FileText, Unread

__all__ = ["Attachments", "FileText", "SlackFiles", "Unread"]
