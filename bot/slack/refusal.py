"""What an operator is told when Slack does not take a token, or cannot be reached."""

from __future__ import annotations

from bot.slack.client import code_of

WHERE_BOT = "the Bot User OAuth Token (xoxb-…): your app's page, OAuth & Permissions"
WHERE_APP = (
    "an app-level token (xapp-…) with the scope connections:write: your app's page, "
    "Basic Information"
)


def refusal(error: BaseException, address: str, variable: str, place: str) -> str:
    """Why a token was not taken, and what to do.

    Args:
        error: one of `bot.slack.client.SLACK_TROUBLE`.
        address: the Web API's base URL.
        variable: the environment variable that holds the token.
        place: what belongs into it, and where that is found.
    """
    code = code_of(error)
    if code == "no_answer":
        return (
            f"{variable}: Slack at {address} did not answer, so it cannot be tried. Check "
            "SLACK_API_URL and the network."
        )
    return f"{variable}: Slack does not accept it ({code}).\nSet it to {place}."
