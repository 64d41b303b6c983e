"""Many cases of one promise in one test, which names every case that fails."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def every_case() -> Generator[Callable[[str], AbstractContextManager[None]], None, None]:
    """Yield `case(name)`, in which a failure does not stop the test.

    Raises:
        ExceptionGroup: at the end, if cases failed, with the name and traceback of each.
    """
    failures: list[tuple[str, Exception]] = []

    @contextmanager
    def case(name: str) -> Generator[None, None, None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it raises, the others are checked too
            failures.append((name, error))

    yield case
    if failures:
        names = ", ".join(name for name, _ in failures)
        raise ExceptionGroup(f"failed for: {names}", [error for _, error in failures])
