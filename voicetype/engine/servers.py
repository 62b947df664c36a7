"""What servers of every kind have in common: where they are, whose word is believed, why there is none."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from time import time
from urllib.parse import urlsplit

from voicetype.errors import ConfigError, ServerError

_LONGEST_PAUSE_S = 3_600.0  # that a server may ask for


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. `shown`: its host, for people, with the port where that is not the usual one."""

    scheme: str
    host: str
    shown: str
    path: str

    def url(self, path: str) -> str:
        """The address of another path there."""
        return f"{self.scheme}://{self.shown}{path}"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, by its name."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parsed(address: str, ports: Mapping[str, int]) -> Address | None:
    """An address as the configuration has it; None where it is none. `ports`: the usual ones, by scheme."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    odd = parts.username is not None or parts.query or parts.fragment or any(map(str.isspace, address))
    if parts.scheme not in ports or not host or odd or not address.isascii():
        return None
    named = f"[{host}]" if ":" in host else host
    shown = named if port in (None, ports[parts.scheme]) else f"{named}:{port}"
    return Address(parts.scheme, host, shown, parts.path.rstrip("/"))


def trusted(ca_file: str, section: str) -> ssl.SSLContext:
    """The system's authorities, and the user's own. Raises ConfigError."""
    context = ssl.create_default_context()
    try:
        if ca_file:
            context.load_verify_locations(Path(ca_file).expanduser())
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{section}.ca_file: {ca_file} can't be read: {error.strerror or error}.",
            "It names a file of certificates in PEM form.",
        ) from error
    return context


def insecure(host: str, error: BaseException | None, section: str) -> ServerError | None:
    """Why a connection to `host` is not to be trusted, or not allowed; None where that is not why."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerError(
            f"The server {host} does not prove who it is: {error.verify_message}.",
            f"Nothing was sent. With a certificate of your own: ca_file under [{section}].",
        )
    if error is not None:
        return ServerError(
            f"The server {host} speaks no TLS that is safe.",
            f"Nothing was sent. Look at its certificate, and at the address under [{section}].",
        )
    if _walled_in():
        return ServerError(
            f"The server {host} can't be reached: voicetype's service has no network.",
            "Run `voicetype install` once more: now that a server is configured, it opens that.",
        )
    return None


def _walled_in() -> bool:
    """Whether the sandbox of the service forbids what a network needs."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        return error.errno == errno.EAFNOSUPPORT
    return False


def seconds(retry_after: str) -> float:
    """What a header Retry-After comes to (RFC 9110, 10.2.3): a number of seconds, or a date."""
    try:
        wanted = float(retry_after)
    except ValueError:
        try:
            wanted = parsedate_to_datetime(retry_after).timestamp() - time()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(wanted, 0.0), _LONGEST_PAUSE_S) if wanted == wanted else 0.0
