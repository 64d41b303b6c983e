"""The trial page over HTTP."""
