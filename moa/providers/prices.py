"""What a call costs, by the price list that genai-prices carries with it. Nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moa.types import Usage

if TYPE_CHECKING:
    from moa.ports import CostOf

_FREE: Final = frozenset({"local", "scripted"})
"""They run in the process: nobody is paid for them."""

_LISTED: Final = frozenset({"openai", "anthropic"})


def load() -> None:
    """Load the price list, which takes half a second: call it in a thread, before the first price.

    `Endpoints` does so while it builds a client.
    """
    import genai_prices  # noqa: PLC0415 - half a second, for those who ask for a price

    genai_prices.calc_price(genai_prices.Usage(input_tokens=1), "gpt-4o", provider_id="openai")


def cost_of(provider: str, model: str, base_url: str | None = None) -> CostOf:
    """The price of a call to this model; it gives None where the list does not know the model.

    Args:
        provider: one of `moa.providers.PROVIDERS`; any other costs what is unknown.
        model: the provider's own name.
        base_url: another server's address, by which its prices are looked up in place of
            the provider's.
    """
    if provider in _FREE:
        return _nothing
    return _Listed(provider, model, base_url) if provider in _LISTED else _unknown


def _nothing(_usage: Usage) -> float | None:
    return 0.0


def _unknown(_usage: Usage) -> float | None:
    return None


class _Listed:
    """The cost of one model's calls by the list."""

    def __init__(self, provider: str, model: str, base_url: str | None) -> None:
        self._model = model
        self._provider = provider
        self._base_url = base_url

    def __call__(self, usage: Usage) -> float | None:
        from genai_prices import Usage as Counted  # noqa: PLC0415 - loaded by then
        from genai_prices import calc_price  # noqa: PLC0415 - a dictionary look-up, as above

        counted = Counted(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        )
        try:
            if self._base_url:
                price = calc_price(counted, self._model, provider_api_url=self._base_url)
            else:
                price = calc_price(counted, self._model, provider_id=self._provider)
        except LookupError:
            return None
        return float(price.total_price)
