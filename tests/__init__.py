"""The tests. A package, so that the loopback servers can be imported as `tests.models`."""
