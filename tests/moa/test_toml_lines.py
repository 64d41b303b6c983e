"""Errors in values name the line of the file, as syntax errors do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.moa.test_config_hints import message

FILE = '''default_pipeline = "p"

# A comment.
[models.a]
provider = "scripted"
model = "echo"

[models."b.c"]
provider = "openai"
model = """
many
lines"""   # a value of three lines
price = { input = 1, output = 2 }

[pipelines.p]
aggregator = "a"

  # An indented comment.
[[pipelines.p.layers]]
proposers = ["a"]

[[pipelines.p.layers]]
proposers = [
  "a",  # the first
  "b.c",
]
quorum = 2

[limits]
[slack]
show = "stream"
'''


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ('model = "echo"', "model = 1", "models.a.model: must be text", 6),
        ('model = "echo"\n', "", "models.a.model: is missing", 4),
        ('model = "echo"', 'modle = "echo"', "models.a.modle: unknown key", 6),
        ("[models.a]", '[models.d]\nprovider="x"\n[models.a]', "models.d.provider: ", 5),
        ("input = 1", 'input = "1"', "models.b.c.price.input: ", 13),
        ('aggregator = "a"', 'aggregator = "x"', "pipelines.p.aggregator: ", 16),
        ('proposers = ["a"]', "proposers = []", "pipelines.p.layers[1].proposers: ", 20),
        ('  "a",  #', '  "x",  #', "pipelines.p.layers[2].proposers: ", 23),
        ("quorum = 2", "quorum = 3", "pipelines.p.layers[2].quorum: 3 is more", 27),
        ('show = "stream"', 'show = "no"', "slack.show: ", 31),
        ("[limits]", "[limit]", "limit: unknown key", 29),
        ('= "p"', '= "q"', "default_pipeline: there is no pipeline", 1),
    ],
)
def test_an_error_names_its_line(tmp_path: Path, old: str, new: str, says: str, line: int) -> None:
    """A value of several lines counts by its first, and a missing key by its table's header."""
    assert FILE.count(old) >= 1
    found = message(tmp_path, FILE.replace(old, new, 1)).splitlines()
    [told] = [each for each in found if each.startswith(says)]
    assert told.endswith(f" (line {line})")


def test_each_of_several_errors_names_its_line(tmp_path: Path) -> None:
    """Also in a file from Windows, with a byte order mark and its line ends."""
    text = FILE.replace("quorum = 2", "quorum = 0").replace('"echo"', "true")
    found = message(tmp_path, "\ufeff" + text.replace("\n", "\r\n")).splitlines()
    assert [line.rpartition(" (")[2] for line in found] == ["moa.toml:", "line 6)", "line 27)"]


def test_what_is_not_in_the_file_has_no_line(tmp_path: Path) -> None:
    """A file without pipelines can't name the line where they are missing."""
    found = message(tmp_path, '[models.a]\nprovider = "scripted"\nmodel = "echo"\n')
    assert found.splitlines()[1] == "pipelines: define at least one [pipelines.NAME] table."
