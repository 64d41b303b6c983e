"""Mark every test here, and skip them only if there is no browser."""

from __future__ import annotations

import pytest

from tests.browser.scene import CHROMIUM


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                reason = "no Chromium: install the package `chromium` to run these tests"
                item.add_marker(pytest.mark.skip(reason=reason))
