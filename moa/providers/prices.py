"""Looks up call prices in the list bundled with genai-prices. Downloads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moa.pipeline.provider_presets import PRESETS
from moa.types import Usage

if TYPE_CHECKING:
    from moa.ports import CostOf

_FREE: Final = frozenset({"local", "scripted"})
"""These run in this process and cost nothing."""


def load() -> None:
    """Load the price list; takes half a second, so call this in a thread before the first lookup.

    `Endpoints` calls it while building a client.
    """
    import genai_prices  # noqa: PLC0415 - takes half a second

    genai_prices.calc_price(genai_prices.Usage(input_tokens=1), "gpt-4o", provider_id="openai")


def cost_of(provider: str, model: str, base_url: str | None = None) -> CostOf:
    """Return a function for the price of a call; it returns None for unlisted models.

    Args:
        provider: one of `moa.providers.PROVIDERS`.
        model: the provider's model id.
        base_url: another server's address, used instead of the provider to look up prices.
    """
    if provider in _FREE:
        return _free
    preset = PRESETS[provider]
    by_address = None if preset.key_follows_base_url else base_url
    return _PriceLookup(preset.price_list or "", model, by_address)


def _free(_usage: Usage) -> float | None:
    return 0.0


class _PriceLookup:
    """Prices one model's calls from the list."""

    def __init__(self, provider: str, model: str, base_url: str | None) -> None:
        self._model = model
        self._provider = provider
        self._base_url = base_url

    def __call__(self, usage: Usage) -> float | None:
        from genai_prices import Usage as PricedUsage  # noqa: PLC0415 - already loaded
        from genai_prices import calc_price  # noqa: PLC0415 - already loaded

        counts = PricedUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        )
        try:
            if self._base_url:
                price = calc_price(counts, self._model, provider_api_url=self._base_url)
            else:
                price = calc_price(counts, self._model, provider_id=self._provider)
        except LookupError:
            return None
        return float(price.total_price)
