"""Builds the anthropic SDK's clients for Amazon Bedrock and Google Vertex.

`ServerAccess.cloud` holds, for Bedrock, `region`, `profile`, `access_key`, `secret_key` and
`session_token`; for Vertex, `region`, `project` and `credentials_file`. What is missing is found by
boto3 and google-auth as usual: in shared configuration files, or from the machine's own account.
"""

from __future__ import annotations

import warnings
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from moa.errors import PipelineError
from moa.network import Network
from moa.providers import error_mapping
from moa.providers.address import Address
from moa.providers.sdk_client import SdkClient
from moa.providers.sdk_clients import http_client, keep_only_headers, without_telemetry
from moa.providers.server_access import ServerAccess
from moa.redaction import remember

if TYPE_CHECKING:
    from types import ModuleType

_PACKAGES: Final = {"bedrock": "boto3", "vertex": "google.auth"}

AWS_CREDENTIALS: Final = (
    "No usable AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, "
    "or AWS_BEARER_TOKEN_BEDROCK."
)
GOOGLE_CREDENTIALS: Final = (
    "No usable Google credentials. Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run "
    "`gcloud auth application-default login`."
)
_NO_REGION: Final = "No AWS region is set. Set `region` in moa.toml, or AWS_REGION."
_NO_PROJECT: Final = (
    "No Google Cloud project is set. Set `project` in moa.toml, or ANTHROPIC_VERTEX_PROJECT_ID."
)
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


def require_extra(extra: str) -> None:
    """Check that a cloud provider's packages are installed. Imports none of them.

    Raises:
        PipelineError: they aren't; says how to install them.
    """
    if not _is_installed(_PACKAGES[extra]):
        raise PipelineError(
            f'provider "{extra}" needs more packages. Install them with '
            f"`pip install 'anthropic[{extra}]'`, or run `uv run --extra {extra} moa-bot …` "
            "in moa-bot's folder."
        )


def bedrock_client(access: ServerAccess, network: Network) -> SdkClient:
    """Build a client for Claude on Bedrock. Blocking: imports the SDK and boto3.

    Raises:
        Rejected: no region is set, or a proxy or certificate setting can't be used.
    """
    import anthropic  # noqa: PLC0415 - heavy, so only when first needed
    from anthropic.lib.bedrock import AsyncAnthropicBedrock  # noqa: PLC0415 - as above

    cloud = dict(access.cloud)
    for name in ("secret_key", "session_token"):
        remember(cloud.get(name))
    remember(access.api_key)
    region = cloud.get("region")
    base_url = access.base_url or (region and f"https://bedrock-runtime.{region}.amazonaws.com")
    address = Address.of(base_url) if base_url else None
    settings = {} if access.api_key else {f"aws_{n}": v for n, v in cloud.items() if n != "region"}
    build = partial(AsyncAnthropicBedrock, api_key=access.api_key, aws_region=region, **settings)
    try:
        client = _build(build, access, address, network)
    except ValueError:  # the SDK found no region
        raise error_mapping.credentials_failed(_NO_REGION) from None
    if access.api_key is None:
        client.api_key = None  # the environment's may belong to another account
    return _sdk_client(client, anthropic, AWS_CREDENTIALS)


def vertex_client(access: ServerAccess, network: Network) -> SdkClient:
    """Build a client for Claude on Vertex. Blocking: imports the SDK and google-auth.

    Raises:
        Rejected: there are no credentials, or a proxy or certificate setting can't be used.
    """
    import anthropic  # noqa: PLC0415 - heavy, so only when first needed
    from anthropic.lib.vertex import AsyncAnthropicVertex  # noqa: PLC0415 - as above

    cloud = dict(access.cloud)
    remember(access.api_key)
    region, project = cloud["region"], cloud.get("project")
    base_url = access.base_url or _vertex_address(region)
    address = Address.of(base_url)
    settings: dict[str, Any] = {"region": region, "access_token": access.api_key}
    if not access.api_key:
        credentials, found_project = _google_credentials(cloud.get("credentials_file"), network)
        project = project or found_project
        settings["credentials"] = credentials
    if not project:
        raise error_mapping.credentials_failed(_NO_PROJECT)
    build = partial(AsyncAnthropicVertex, project_id=project, **settings)
    client = _build(build, access, address, network)
    return _sdk_client(client, anthropic, GOOGLE_CREDENTIALS)


def _vertex_address(region: str) -> str:
    """Return the address of a region; the multi-regions have their own form.

    Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations.
    """
    match region:
        case "global":
            return "https://aiplatform.googleapis.com/v1"
        case "us" | "eu":
            return f"https://aiplatform.{region}.rep.googleapis.com/v1"
        case _:
            return f"https://{region}-aiplatform.googleapis.com/v1"


def _build(build: Any, access: ServerAccess, address: Address | None, network: Network) -> Any:
    """Build an SDK client that sends only the configured headers."""
    import anthropic  # noqa: PLC0415 - already imported

    client = build(
        base_url=address and address.url,
        default_query=dict(address.query) if address and address.query else None,
        max_retries=0,  # the engine retries calls, within the layer's deadline
        http_client=http_client(anthropic, network, address.url if address else "https://"),
    )
    keep_only_headers(client, without_telemetry(anthropic) | dict(access.headers))
    return client


def _sdk_client(client: Any, sdk: ModuleType, no_credentials: str) -> SdkClient:
    return SdkClient(
        client,
        sdk,
        sdk.AnthropicError,
        rewrites_paths=True,
        credential_errors=_credential_errors(),
        no_credentials=no_credentials,
    )


def _credential_errors() -> tuple[type[Exception], ...]:
    """Return what the SDK and the clouds' libraries raise if they find no credentials."""
    errors: list[type[Exception]] = [RuntimeError, ValueError]
    if _is_installed("botocore"):
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - optional

        errors.append(BotoCoreError)
    if _is_installed("google.auth"):
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - optional

        errors.append(GoogleAuthError)
    return tuple(errors)


def _google_credentials(file: str | None, network: Network) -> tuple[Any, str | None]:
    """Return credentials and their project, from a key file or the machine's defaults."""
    from google import auth  # noqa: PLC0415 - optional
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - optional

    try:
        if file:
            with warnings.catch_warnings():
                # It warns of files from strangers; this one is the operator's own.
                warnings.simplefilter("ignore", DeprecationWarning)
                found = auth.load_credentials_from_file(file, scopes=[_SCOPE])
        else:
            found = auth.default(scopes=[_SCOPE])
    except (GoogleAuthError, OSError, ValueError):
        raise error_mapping.credentials_failed(GOOGLE_CREDENTIALS) from None
    credentials, project = found
    return NetworkedCredentials(credentials, network), project


class NetworkedCredentials:
    """Google credentials that are renewed through our proxies and certificates.

    Args:
        credentials: the credentials to renew.
        network: the proxies and certificates.
    """

    def __init__(self, credentials: Any, network: Network) -> None:
        self._credentials = credentials
        self._network = network

    @property
    def expired(self) -> bool:
        """Whether the token has expired."""
        return bool(self._credentials.expired)

    @property
    def token(self) -> str | None:
        """The current access token; None before the first `refresh`."""
        return self._credentials.token

    def refresh(self, _request: object) -> None:
        """Get a new token. Blocking: the SDK calls it in a thread."""
        from google.auth.transport.requests import Request  # noqa: PLC0415 - optional

        self._credentials.refresh(Request(_google_session(self._network)))
        remember(self._credentials.token)


def _google_session(network: Network) -> Any:
    from requests import Session  # noqa: PLC0415 - optional
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - optional

    proxy = network.proxy_for("https://oauth2.googleapis.com")
    session = Session()
    session.trust_env = False
    session.proxies = {"https": proxy} if proxy else {}
    tls = network.tls()

    class Adapter(HTTPAdapter):
        """Uses our certificate authorities."""

        def init_poolmanager(self, *args: Any, **options: Any) -> Any:
            return super().init_poolmanager(*args, ssl_context=tls, **options)

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            return super().proxy_manager_for(*args, ssl_context=tls, **options)

    session.mount("https://", Adapter())
    return session


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False
