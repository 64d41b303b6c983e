"""A certificate authority like a company's, made for one test."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Company:
    """Signs certificates that are trusted only with its file.

    Attributes:
        file: its certificate in PEM format.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "company.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def server(self, *hosts: str) -> ssl.SSLContext:
        """Return the settings of a server that has a certificate for these hosts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context
