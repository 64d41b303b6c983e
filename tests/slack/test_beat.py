"""When growing replies are shown: seldom enough for Slack, however many grow at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from bot.slack.reply.context import APPENDS_A_MINUTE, UpdateThrottle


@pytest.mark.parametrize("count", [1, 2, 10, 100])
def test_all_together_stay_within_what_slack_bears(count: int) -> None:
    """A workspace's replies share its appends; one by itself is shown as often as it likes."""
    beat = UpdateThrottle()
    with ExitStack() as replies:
        for _ in range(count):
            replies.enter_context(beat.growing())
        pause_s = beat.pause_s(1.0)
        assert pause_s >= 1.0
        assert count * 60 / pause_s <= max(APPENDS_A_MINUTE, 60)
    assert beat.pause_s(1.0) == 1.0


def test_the_first_sign_of_one_question_is_shown_at_once() -> None:
    """And of a hundred within a second, when the models of all have been asked."""
    beat = UpdateThrottle()
    with ExitStack() as replies:
        replies.enter_context(beat.growing())
        assert beat.first_after_s < 0.2
        for _ in range(99):
            replies.enter_context(beat.growing())
        assert beat.first_after_s < 1.0
