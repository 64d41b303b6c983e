"""Connects Slack's SDK through the environment's proxies and certificate authorities."""

from __future__ import annotations

import ssl

import aiohttp
import slack_sdk.socket_mode.aiohttp
import slack_sdk.web.async_base_client
import slack_sdk.webhook.async_client
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from moa.network import Network, UnusableNetworkError

_SDK_MODULES = (
    slack_sdk.web.async_base_client,
    slack_sdk.webhook.async_client,
    slack_sdk.socket_mode.aiohttp,
)

_PROXY_READER = "load_http_proxy_from_env"

UNTRUSTED = (
    "its certificate isn't trusted ({why}). If your company has its own certificate authority, set "
    "SSL_CERT_FILE to its certificates"
)
PROXY_REFUSED = (
    "the proxy refused the connection ({status}). Check the user name and password in HTTPS_PROXY, "
    "and whether the proxy allows Slack"
)
PROXY_SILENT = "the proxy could not be reached. Check HTTPS_PROXY and HTTP_PROXY"


def use_network(client: AsyncWebClient, network: Network) -> None:
    """Give a client the proxy and the certificates for its address. Blocking: 70 ms the first time.

    The SDK reads `HTTPS_PROXY` again for each client that it copies, and supports neither
    `ALL_PROXY` nor `NO_PROXY`. So its own reading is turned off.

    Raises:
        ConfigurationError: a setting can't be used.
    """
    for module in _SDK_MODULES:
        setattr(module, _PROXY_READER, _no_proxy)
    try:
        client.proxy = network.proxy_for(client.base_url)
        client.ssl = network.tls() if client.base_url.startswith("https:") else None
    except UnusableNetworkError as error:
        raise ConfigurationError(str(error)) from None


def _no_proxy(*_: object) -> None:
    return None


def connection_trouble(error: BaseException) -> str | None:
    """Return why Slack couldn't be reached, if the reason is the proxy or the certificate."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            cause = error.certificate_error
            known = isinstance(cause, ssl.SSLCertVerificationError)
            return UNTRUSTED.format(why=cause.verify_message.rstrip(".") if known else "unknown")
        case aiohttp.ClientHttpProxyError():
            return PROXY_REFUSED.format(status=error.status)
        case aiohttp.ClientProxyConnectionError():
            return PROXY_SILENT
        case _:
            return None


def needs_a_setting(error: BaseException) -> bool:
    """Return whether Slack can't be reached until someone changes our settings."""
    return isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientHttpProxyError)
