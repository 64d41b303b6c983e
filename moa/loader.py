"""Pipelines from a configuration file such as moa.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from moa.arguments import require
from moa.environment import lookup_in
from moa.errors import PipelineError
from moa.network import Network
from moa.pipeline.config import Config
from moa.pipeline.plan import Plan
from moa.pipeline.toml_file import read_toml
from moa.pipeline.toml_lines import with_lines

if TYPE_CHECKING:
    from moa.catalogue import ModelCatalogue
    from moa.providers import Endpoints


class Pipelines(Mapping[str, Plan]):
    """The plans of a configuration file by pipeline name. See `load`.

    A plan is made when it is first read, so a key is needed only for the pipelines you use. All
    plans share connections, limits and breakers. Use it with `async with`, or call `aclose`.
    """

    def __init__(self, catalogue: ModelCatalogue, endpoints: Endpoints) -> None:
        self._catalogue = catalogue
        self._endpoints = endpoints

    @property
    def default(self) -> Plan:
        """The plan of the pipeline that `default_pipeline` names.

        Raises:
            PipelineError: see `__getitem__`.
        """
        return self[self._catalogue.default]

    def __getitem__(self, name: str) -> Plan:
        """Return the plan of a pipeline.

        Raises:
            PipelineError: no pipeline has this name (then it is a KeyError too), or a key of one
                of its models isn't set; the message names the variable.
        """
        return self._catalogue.plan(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.pipelines)

    def __len__(self) -> int:
        return len(self._catalogue.pipelines)

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue.pipelines

    async def aclose(self) -> None:
        """Close all connections."""
        await self._endpoints.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def load(path: str | Path = "moa.toml", *, variables: Mapping[str, str] | None = None) -> Pipelines:
    """Read a configuration file and return its pipelines.

        async with moa.load("moa.toml") as pipelines:
            outcome = await moa.ask(pipelines["balanced"], "Why is the sky blue?")

    Args:
        path: a TOML file with `[models.NAME]` and `[pipelines.NAME]` tables. The tables that only
            moa-bot reads are ignored.
        variables: where keys and addresses are looked up; by default the environment.

    Raises:
        PipelineError: the file can't be read, or something in it is wrong; names every mistake.
    """
    from moa.catalogue import ModelCatalogue  # noqa: PLC0415 - `import moa` stays cheap
    from moa.providers import Endpoints  # noqa: PLC0415 - as above

    require("path", path, (str, Path), "a path")
    if variables is not None:
        require("variables", variables, Mapping, "a mapping or None")
    file = Path(path)
    table = read_toml(file)
    try:
        config = Config.from_table(table)
    except PipelineError as error:
        raise PipelineError(f"{file.name}:\n{with_lines(str(error), file)}") from None
    lookup = lookup_in(variables)
    endpoints = Endpoints(network=Network(lookup))
    return Pipelines(ModelCatalogue(config, endpoints, lookup), endpoints)
