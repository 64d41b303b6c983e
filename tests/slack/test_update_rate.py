"""How often open replies are updated: within Slack's rate limit, no matter how many are open."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from bot.slack.reply.context import APPENDS_A_MINUTE, EDITS_A_MINUTE, UpdateThrottle


@pytest.mark.parametrize("count", [1, 2, 10, 100])
def test_all_replies_stay_within_the_rate_limit(count: int) -> None:
    """A workspace's replies share its appends; a single reply needs no longer interval."""
    throttle = UpdateThrottle()
    with ExitStack() as replies:
        for _ in range(count):
            replies.enter_context(throttle.open_reply())
        interval_s = throttle.interval_s(1.0, APPENDS_A_MINUTE)
        assert interval_s >= 1.0
        assert count * 60 / interval_s <= max(APPENDS_A_MINUTE, 60)
    assert throttle.interval_s(1.0, APPENDS_A_MINUTE) == 1.0


@pytest.mark.parametrize("count", [1, 10, 100])
def test_edited_replies_share_fewer_calls(count: int) -> None:
    """Slack allows half as many edits as appends."""
    throttle = UpdateThrottle()
    with ExitStack() as replies:
        for _ in range(count):
            replies.enter_context(throttle.open_reply())
        interval_s = throttle.interval_s(1.5, EDITS_A_MINUTE)
        assert interval_s >= 1.5
        assert count * 60 / interval_s <= EDITS_A_MINUTE


def test_the_first_update_appears_at_once() -> None:
    """With a hundred questions it appears within a second, after all models were called."""
    throttle = UpdateThrottle()
    with ExitStack() as replies:
        replies.enter_context(throttle.open_reply())
        assert throttle.first_update_s < 0.2
        for _ in range(99):
            replies.enter_context(throttle.open_reply())
        assert throttle.first_update_s < 1.0
