"""What people do with the ideas of a brainstorm, in modals and menus."""

from __future__ import annotations

from bot.playground.state.models import SlackMessage, SlackView
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import MODELS, BrainstormScene
from tests.models.replies import Reply, Status
from tests.slack.user_actions import wait_until_idle

SILENT = dict.fromkeys([*MODELS], Reply(fault=Status(400)))


async def idea_menu(
    scene: BrainstormScene, view: SlackView | SlackMessage, words: str
) -> tuple[str, str]:
    """Return the menu of the idea with these words, and the value of its entry "Develop"."""
    block = next(
        block
        for block in view.blocks
        if block["type"] == "section" and words in block["text"]["text"] and "accessory" in block
    )
    menu = block["accessory"]
    return menu["action_id"], menu["options"][0]["value"].rpartition("|")[0]


async def go_to_result(scene: BrainstormScene, board: SlackMessage) -> SlackMessage:
    """End phases until the result, and return its message."""
    await scene.go_to_dots(board)
    await scene.end(board)
    await scene.wait_for_text(board, "4 of 4 · Result")
    await scene.stage.slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
    await wait_until_idle(scene.stage)
    return scene.thread(board)[1]


async def open_ideas(scene: BrainstormScene, board: SlackMessage) -> SlackView:
    """Open all ideas."""
    await scene.stage.slack.click(scene.stage.ben, board, ids.SEE)
    return await scene.stage.opened_view(scene.stage.ben, "== Ideas by theme ==")


async def click_in_modal(
    scene: BrainstormScene, view: SlackView, action: str, value: str | None = None
) -> str:
    """Click in an open modal, and return its new text."""
    slack = scene.stage.slack
    before = len(slack.calls("views.update"))
    await slack.click(scene.stage.ben, view, action, value)
    await slack.wait_for(lambda: len(slack.calls("views.update")) > before)
    return slack.render(view)


async def read_all_ideas(scene: BrainstormScene, board: SlackMessage) -> str:
    """Turn every page of every theme, and return all that was shown."""
    view, shown = await open_ideas(scene, board), ""
    for theme in view.blocks[0]["elements"][0]["options"]:
        shown += await click_in_modal(scene, view, ids.THEME, theme["value"])
        while f"{ids.TURN_SEEN}{ids.NEXT}" in str(view.blocks):
            shown += await click_in_modal(scene, view, f"{ids.TURN_SEEN}{ids.NEXT}")
    return shown
