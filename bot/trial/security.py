"""Restricts the page to the person who started it: token, host, origin and content policy."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.trial.draw.page import draw

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "moa_try"
TOKEN: Final = "token"  # noqa: S105 - the parameter's name
_OPEN_PATHS: Final = ("/static/",)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """ASGI middleware that refuses all requests except the page's own.

    Attributes:
        token: opens the page; part of the address that the terminal prints.
        port: the page's port; requests must name it in `Host`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._app = app

    @property
    def address(self) -> str:
        """The address that opens the page."""
        return f"http://127.0.0.1:{self.port}/?{TOKEN}={self.token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                cache = [] if _is_open(request) else [(b"cache-control", b"no-store")]
                message["headers"] = [*message.get("headers", ()), *headers, *cache]
            await send(message)

        response = self._answer(request)
        await (response or self._app)(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        """Return a refusal or the redirect of the first visit, or None to let the request in."""
        if not self._is_local(request.headers.get("host", "")):
            return _refusal("Wrong host", "Open the page by the address in the terminal.")
        if request.method not in _SAFE_METHODS and not self._same_origin(request):
            return _refusal("Wrong origin", "Only the page itself may send this.")
        if _is_open(request):
            return None
        given = request.query_params.get(TOKEN)
        if given is not None and request.url.path == "/" and self._is_token(given):
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(self._cookie, self.token, httponly=True, samesite="strict")
            return response
        if self._is_token(request.cookies.get(self._cookie, "")):
            return None
        return _refusal("Not open", "Open the page by the address in the terminal: it has a token.")

    @property
    def _cookie(self) -> str:
        """The cookie's name. It contains the port, because cookies don't distinguish ports."""
        return f"{COOKIE}_{self.port}"

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def _is_local(self, host: str) -> bool:
        return host in {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}

    def _same_origin(self, request: Request) -> bool:
        return request.headers.get("origin") == f"http://{request.headers.get('host')}"


def _is_open(request: Request) -> bool:
    return request.url.path.startswith(_OPEN_PATHS)


def _refusal(title: str, text: str) -> Response:
    return HTMLResponse(draw("refused.html", title=title, text=text), status_code=403)
