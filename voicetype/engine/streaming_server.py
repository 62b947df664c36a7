"""Which streaming server, as it is configured, and what it means where it does not do as it should."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from voicetype.config import StreamingConfig
from voicetype.engine import servers
from voicetype.errors import ConfigError, KeyRefused, ServerError

_HINT = "It is like wss://api.example.org/v1/listen, or ws://localhost:8000/v1/listen."
_AGAIN = "It is tried again by itself. If it stays so: `voicetype doctor` shows whether it answers."
_PATH = "/v1/listen"


@dataclass(frozen=True, slots=True)
class StreamingServer:
    """An address that was checked (`at`), and the key for it. `key`: empty where the server wants none."""

    url: str
    host: str  # for people: with the port where that is not the usual one
    key: str = field(default="", repr=False)
    trusted: ssl.SSLContext | None = None  # whom its certificate may be from; None: it is this machine

    @property
    def headers(self) -> dict[str, str]:
        """Of the handshake."""
        return {"Authorization": f"Token {self.key}"} if self.key else {}

    def slow(self) -> ServerError:
        """No answer in time."""
        return ServerError(
            f"The server {self.host} does not keep up.",
            "It is tried again by itself. Where it always needs longer: timeout_s under [streaming].",
        )

    def unreachable(self, error: BaseException | None) -> ServerError:
        """No connection comes about."""
        plain = ServerError(f"The server {self.host} can't be reached.", _AGAIN)
        return servers.insecure(self.host, error, "streaming") or plain

    def gone(self) -> ServerError:
        """A connection ends before its time."""
        return ServerError(f"The server {self.host} has hung up.", _AGAIN)

    def unwilling(self) -> ServerError:
        """It says that it can't go on."""
        return ServerError(
            f"The server {self.host} does not want to go on.",
            "Look at parameters under [streaming]: it may not know one of them. Its own log says why.",
        )

    def nonsense(self) -> ServerError:
        """What it says is of no use."""
        return ServerError(
            f"The server {self.host} does not speak Deepgram's streaming interface.",
            "Look at address under [streaming]: its path is /v1/listen.",
        )

    def refused(self, status: int, pause_s: float) -> ServerError:
        """The handshake ends with any status but 101."""
        match status:
            case 400:
                told = "does not take the question"
                hint = "Look at parameters under [streaming]: it may not know one of them."
            case 401 | 402 | 403:
                hint = "Put the right one in place: `voicetype key set streaming`, or key_file."
                return KeyRefused(f"The server {self.host} does not take the key ({status}).", hint, pause_s)
            case 404 | 405 | 426:
                told, hint = "knows no such address", "Look at address under [streaming]."
            case 429 | 503:
                told, hint = "is busy", "It is tried again by itself. If it stays so, it is too small."
            case _ if 300 <= status < 400:
                told = "sends us elsewhere"
                hint = "Nobody is followed with your voice: set the right address under [streaming]."
            case _:
                told, hint = "failed", "It is tried again by itself. Its own log says why."
        return ServerError(f"The server {self.host} {told} ({status}).", hint, pause_s)


def at(config: StreamingConfig, key: str) -> StreamingServer:
    """The server as the configuration has it. Raises ConfigError."""
    place = servers.parsed(config.address, {"ws": 80, "wss": 443})
    if place is None:
        raise ConfigError("streaming.address: that is no address of a streaming server.", _HINT)
    if place.scheme == "ws" and not place.is_here:
        raise ConfigError(
            f"streaming.address: ws sends your voice to {place.host} for everyone on the way to hear.",
            "Use wss; without TLS only this machine is spoken to.",
        )
    trusted = servers.trusted(config.ca_file, "streaming") if place.scheme == "wss" else None
    return StreamingServer(place.url(place.path or _PATH), place.shown, key, trusted)
