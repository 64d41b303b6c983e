"""Azure OpenAI: the same API as OpenAI's, at addresses that name a deployment.

References: https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference (deployments and
`api-version`) and https://learn.microsoft.com/en-us/azure/ai-foundry/openai/api-version-lifecycle
(`/openai/v1`, which needs no version).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from moa.errors import PipelineError
from moa.providers.address import checked_address
from moa.providers.model_spec import ModelSpec

VERSION: Final = "api-version"
_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
"""An Entra token is a JSON Web Token; Azure's keys never look like one."""


def chat_completions_spec(spec: ModelSpec) -> ModelSpec:
    """Return the settings with which `moa.providers.openai` reaches the deployment `spec.model`.

    Raises:
        PipelineError: the resource's address is missing or isn't a URL.
    """
    base_url = checked_address(spec.base_url)
    if base_url is None:
        raise PipelineError(
            "An Azure model needs `base_url`, or AZURE_OPENAI_ENDPOINT: your resource's address, "
            "such as https://NAME.openai.azure.com."
        )
    address = deployment_address(base_url, spec.model, spec.api_version)
    if spec.api_key is None or spec.is_token or _TOKEN.fullmatch(spec.api_key):
        return replace(spec, base_url=address)
    return replace(
        spec, base_url=address, api_key=None, headers={"api-key": spec.api_key, **spec.headers}
    )


def deployment_address(base_url: str, deployment: str, api_version: str | None) -> str:
    """Return the address up to `/chat/completions`, for any part of it that was configured.

    Args:
        base_url: the resource's address, alone or with `/openai`, `/openai/v1` or
            `/openai/deployments/NAME`; may have an `api-version` in its query.
        deployment: the deployment's name.
        api_version: the API's version; None for the one in the query, else `/openai/v1`.
    """
    parts = urlsplit(base_url)
    query = dict(parse_qsl(parts.query))
    if api_version:
        query[VERSION] = api_version
    path = re.sub(r"/chat/completions/?$", "", parts.path.rstrip("/"))
    if "/deployments/" not in path and not path.endswith("/v1"):
        path = path.removesuffix("/openai") + "/openai"
        has_version = query.get(VERSION, "") not in {"", "v1", "preview", "latest"}
        path += f"/deployments/{quote(deployment, safe='')}" if has_version else "/v1"
    return parts._replace(path=path, query=urlencode(query)).geturl()
