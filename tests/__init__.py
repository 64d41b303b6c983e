"""The tests. They are a package, so that the loopback servers can be imported as `tests.models`."""
