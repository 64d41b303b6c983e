"""Measurements of the engine beside a hand-written floor; `python -m benchmarks.run` runs them."""
