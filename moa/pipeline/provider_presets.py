"""The providers by name: the API each one speaks, its address, and the variables that hold its key.

Addresses and variables are those of the vendors' own documentation, as of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Api = Literal["openai", "anthropic", "azure", "bedrock", "vertex", "local", "scripted"]


@dataclass(frozen=True, slots=True)
class ProviderPreset:
    """The settings behind `provider = "NAME"`.

    Attributes:
        api: the API that its server speaks.
        base_url: its address; None for the SDK's default, or if `base_url_variable` must be set.
        key_variables: variables that may hold the key; the first one that is set is used.
        needs_key: whether a call without a key must fail. Servers of your own often take none.
        base_url_variable: a variable that overrides `base_url`.
        takes_images: whether its usual models take images.
        price_list: its id in the price list; None to look prices up by the address.
        key_follows_base_url: whether the key is also sent to a configured `base_url`, because this
            provider has no address of its own.
    """

    api: Api
    base_url: str | None = None
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True
    base_url_variable: str | None = None
    takes_images: bool = False
    price_list: str | None = None
    key_follows_base_url: bool = False


def _hosted(base_url: str, *key_variables: str, takes_images: bool = False) -> ProviderPreset:
    return ProviderPreset("openai", base_url, key_variables, takes_images=takes_images)


def _own_server(
    base_url: str, *key_variables: str, base_url_variable: str | None = None
) -> ProviderPreset:
    return ProviderPreset(
        "openai", base_url, key_variables, needs_key=False, base_url_variable=base_url_variable
    )


PRESETS: Final[Mapping[str, ProviderPreset]] = MappingProxyType(
    {
        "openai": ProviderPreset(
            "openai",
            key_variables=("OPENAI_API_KEY",),
            base_url_variable="OPENAI_BASE_URL",
            takes_images=True,
            price_list="openai",
        ),
        "anthropic": ProviderPreset(
            "anthropic",
            key_variables=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
            base_url_variable="ANTHROPIC_BASE_URL",
            takes_images=True,
            price_list="anthropic",
        ),
        "azure": ProviderPreset(
            "azure",
            key_variables=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
            base_url_variable="AZURE_OPENAI_ENDPOINT",
            takes_images=True,
            price_list="azure",
            key_follows_base_url=True,
        ),
        "bedrock": ProviderPreset(
            "bedrock",
            key_variables=("AWS_BEARER_TOKEN_BEDROCK",),
            needs_key=False,  # the usual AWS credentials work too
            base_url_variable="ANTHROPIC_BEDROCK_BASE_URL",
            takes_images=True,
            price_list="aws",
            key_follows_base_url=True,
        ),
        "vertex": ProviderPreset(
            "vertex",
            needs_key=False,  # Google's application default credentials
            base_url_variable="ANTHROPIC_VERTEX_BASE_URL",
            takes_images=True,
            price_list="google",
            key_follows_base_url=True,
        ),
        "gemini": _hosted(
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            takes_images=True,
        ),
        "openrouter": _hosted("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        "groq": _hosted("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        "mistral": _hosted("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
        "deepseek": _hosted("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
        "together": _hosted("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
        "fireworks": _hosted("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
        "xai": _hosted("https://api.x.ai/v1", "XAI_API_KEY", takes_images=True),
        "cerebras": _hosted("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
        "perplexity": _hosted("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
        "nvidia": _hosted("https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
        "sambanova": _hosted("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
        "moonshot": _hosted("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
        "dashscope": _hosted(
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"
        ),
        "huggingface": _hosted("https://router.huggingface.co/v1", "HF_TOKEN"),
        "github": _hosted("https://models.github.ai/inference", "GITHUB_TOKEN"),
        "ollama": _own_server(
            "http://localhost:11434/v1", "OLLAMA_API_KEY", base_url_variable="OLLAMA_HOST"
        ),
        "lmstudio": _own_server("http://localhost:1234/v1", "LM_API_TOKEN"),
        "vllm": _own_server("http://localhost:8000/v1", "VLLM_API_KEY"),
        "llamacpp": _own_server("http://localhost:8080/v1", "LLAMA_API_KEY"),
        "litellm": _own_server("http://localhost:4000/v1", "LITELLM_API_KEY"),
        "local": ProviderPreset("local", needs_key=False),
        "scripted": ProviderPreset("scripted", needs_key=False),
    }
)
"""Every value of `provider`."""
