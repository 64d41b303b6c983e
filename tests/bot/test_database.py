"""Opening the database, losing it for a while, and what its errors tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.storage.database import open_database, read_url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is not a database address"),
        ("mysql://host/name", "names mysql, which is not supported"),
        ("", "is not a database address"),
        ("postgresql://u:p@host:abc/db", "is not a database address"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url: str, says: str) -> None:
    """The message names DATABASE_URL and what may stand there."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        read_url(url)
    assert says in str(caught.value)


async def test_a_database_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    """A folder that does not exist, and a file that is no database, each get one clear message."""
    with pytest.raises(ConfigurationError, match="unable to open database file"):
        await open_database(f"sqlite:///{tmp_path / 'missing' / 'bot.db'}")
    (tmp_path / "text.db").write_text(
        "This is no database, but long enough to be read as one." * 40
    )
    with pytest.raises(ConfigurationError, match="not a database"):
        await open_database(f"sqlite:///{tmp_path / 'text.db'}")


async def test_a_password_is_never_part_of_the_message() -> None:
    """A server that is not there is named without the password."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database("postgresql://ana:hunter2@127.0.0.1:1/moa")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("password", ["e", "127", "port"])
async def test_a_short_password_does_not_mangle_the_message(password: str) -> None:
    """The message stays readable whatever word the password is."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database(f"postgresql://ana:{password}@127.0.0.1:1/moa")
    assert "The database 127.0.0.1/moa cannot be used: " in str(caught.value)
    assert "***" not in str(caught.value)
    assert "Check DATABASE_URL" in str(caught.value)
