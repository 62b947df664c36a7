"""Which server, as it is configured, and what it means where it does not do as it should."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from voicetype.engine import servers
from voicetype.errors import ConfigError, KeyRefused, ServerError

_ENDPOINT = "/audio/transcriptions"


class Refused(ServerError):
    """The server does not take what it was asked in this form; another form may do."""


@dataclass(frozen=True, slots=True)
class Server:
    """An address that was checked (`at`), and the key for it. `key`: empty where the server wants none."""

    url: str
    host: str  # for people: with the port where that is not the usual one
    key: str = field(default="", repr=False)
    ca_file: str = ""

    def headers(self) -> dict[str, str]:
        """Of every request. `identity`: an answer is counted as it comes."""
        named = {"User-Agent": "voicetype", "Accept-Encoding": "identity"}
        return named | ({"Authorization": f"Bearer {self.key}"} if self.key else {})

    def trust(self) -> ssl.SSLContext:
        """The system's authorities, and the user's own. Raises ConfigError."""
        return servers.trusted(self.ca_file, "remote")

    def slow(self) -> ServerError:
        """No answer in time."""
        return ServerError(
            f"The server {self.host} gave no answer in time.",
            "It is tried again by itself. Where it always needs longer: timeout_s under [remote].",
        )

    def unreachable(self, error: Exception) -> ServerError:
        """The connection fails, or breaks."""
        return servers.insecure(self.host, error, "remote") or ServerError(
            f"The server {self.host} can't be reached, or has hung up.",
            "It is tried again by itself. `voicetype doctor` shows whether it answers.",
        )

    def nonsense(self, why: str) -> ServerError:
        """What it answers is of no use."""
        return ServerError(
            f"The server {self.host} answers what is no transcription: {why}.",
            "Look at address under [remote]: it is that of an OpenAI-compatible server, with /v1 at its end.",
        )

    def refused(self, status: int, retry_after: str) -> ServerError:
        """Any status but 200."""
        told, hint = _STATUS.get(status, _others(status))
        kind = Refused if status in (400, 415, 422) else KeyRefused if told is _KEY[0] else ServerError
        return kind(f"The server {self.host} {told} ({status}).", hint, servers.seconds(retry_after))


_BUSY = (
    "takes nothing just now",
    "It is tried again by itself. If it stays so, it is too small, or not there.",
)
_KEY = "does not take the key", "Put the right one in place: `voicetype key set`, or key_file under [remote]."
_FORM = (
    "does not take the question",
    'Look at model under [remote]; some servers read no FLAC: format = "wav".',
)
_STATUS = {
    400: _FORM,
    401: _KEY,
    403: _KEY,
    404: ("knows no such address or model", "Look at address and model under [remote]."),
    413: ("takes no audio of this length", "Raise its limit; in nginx: client_max_body_size 20m;"),
    415: _FORM,
    422: _FORM,
    429: _BUSY,
    503: _BUSY,
}


def _others(status: int) -> tuple[str, str]:
    if 300 <= status < 400:
        return (
            "sends us elsewhere",
            "Nobody is followed with your voice: set the right address under [remote].",
        )
    return "failed", "It is tried again by itself. Its own log says why."


def at(address: str, *, insecure: bool, key: str = "", ca_file: str = "") -> Server:
    """The server at an address as the configuration has it. Raises ConfigError."""
    place = servers.parsed(address, {"http": 80, "https": 443})
    if place is None:
        raise ConfigError(
            "remote.address: that is no address of a server.",
            "It is like https://speech.example.org/v1, or http://localhost:8000/v1.",
        )
    if place.scheme == "http" and not insecure and not place.is_here:
        raise ConfigError(
            f"remote.address: http sends your voice to {place.host} for everyone on the way to hear.",
            "Use https; or where the network is yours alone: insecure = true under [remote].",
        )
    path = place.path or "/v1"
    path = path if path.endswith(_ENDPOINT) else path + _ENDPOINT
    return Server(place.url(path), place.shown, key, ca_file)
