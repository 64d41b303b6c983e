"""Compares the token estimate with OpenAI's tokenizers, on the samples that the tests use.

    uv run --isolated --with bpe-openai==0.1.4 python -m benchmarks.tokens
    … python -m benchmarks.tokens --write       # store the counts in the samples' file

bpe-openai contains the vocabularies (o200k_base, cl100k_base), so nothing is downloaded. It is not
a dependency of this project, hence the separate environment. The samples are ours.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from moa.pipeline.text_tokens import count_tokens

SAMPLES = Path(__file__).parent.parent / "tests" / "moa" / "token_samples.json"
TIMES = 200


def measure(samples: list[dict[str, Any]]) -> None:
    """Count each sample's tokens and print the estimate next to them."""
    bpe = import_module("bpe_openai")
    for sample in samples:
        for name in ("o200k_base", "cl100k_base"):
            sample[name] = len(bpe.get_encoding(name).encode(sample["text"]))
    print(f"{'sample':14} {'o200k':>6} {'cl100k':>6} {'ours':>6} {'ours / larger':>14}")
    for sample in samples:
        counts = sample["o200k_base"], sample["cl100k_base"]
        ours = count_tokens(sample["text"])
        row = f"{counts[0]:6} {counts[1]:6} {ours:6} {ours / max(counts):14.2f}"
        print(f"{sample['name']:14} {row}")


def seconds_per_kilobyte(samples: list[dict[str, Any]]) -> float:
    """Return how long the estimate takes for a kilobyte of all samples together."""
    text = "\n".join(sample["text"] for sample in samples)
    started = time.perf_counter()
    for _ in range(TIMES):
        count_tokens(text)
    return (time.perf_counter() - started) / TIMES / len(text.encode()) * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="store the counts")
    listed = json.loads(SAMPLES.read_text(encoding="utf-8"))
    measure(listed)
    print(f"{seconds_per_kilobyte(listed) * 1e6:.0f} µs per kilobyte")
    if parser.parse_args().write:
        SAMPLES.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", "utf-8")
