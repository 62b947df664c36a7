"""A streaming server: Deepgram's live interface as it is documented, and what can go wrong with one.

`python -m tests.real.listen_service` prints its address, and then what it is told, a line of JSON each. What
it hears are numbers, one for each 0.4 s of sound, or with `--model FOLDER` what a model hears. A parameter
`fault` of the address says how a connection goes wrong (with `-once`, the first one of its `tag`);
`--certificate` and `--certificate-key` bring TLS.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voicetype.core import wording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, EngineOptions, Hearing

KEY = "a-key-of-the-tests"
WORD_S = 0.4  # of sound for a number

_STEP_S = 0.1  # of new sound that is worth an interim result
_LONGEST_S = 15.0  # of what is not settled
_QUIET = 0.01  # below it is silence
_DEAF_S = 2.0

Heard = list[tuple[str, float]]
"""Words, and how sure they are."""

Hear = Callable[[Audio, int], Heard]
"""What is heard of some sound, which begins at so many samples."""


def numbers(sound: Audio, start: int) -> Heard:
    """The words of the wordless service: they tell where in the sound one is."""
    first, last = start / SAMPLE_RATE / WORD_S, (start + len(sound)) / SAMPLE_RATE / WORD_S
    return [(f"n{n}", 0.9) for n in range(round(first), int(last + 0.01))]


def counted(samples: int) -> str:
    """The text of so many samples from the start."""
    return " ".join(word for word, _ in numbers(np.zeros(samples, np.float32), 0))


def with_model(folder: Path) -> Hear:
    """What a model hears."""
    from voicetype.engine.whisper import Whisper

    model = Whisper(folder, folder.name, EngineOptions(threads=1))
    model.warm_up()

    def hear(sound: Audio, _: int) -> Heard:
        said = model.transcribe(sound, Hearing("en", voiced=True)) if len(sound) > SAMPLE_RATE // 4 else None
        if said is None:
            return []
        words = [word.strip() for word in wording.split(said.text)]
        return list(zip(words, said.probabilities or [0.9] * len(words), strict=False))

    return hear


@dataclass
class Listening:
    """One connection."""

    socket: ServerConnection
    hear: Hear
    fault: str
    options: dict[str, str]
    sound: bytearray = field(default_factory=bytearray)
    settled: int = 0  # samples
    said: int = 0  # samples of which an interim result told

    @property
    def samples(self) -> int:
        return len(self.sound) // 2

    async def run(self) -> None:
        """Until the client says that it is over, or the fault comes."""
        hearing = asyncio.ensure_future(self._hear_on())
        try:
            if self.fault == "greets":
                await self._tell({"type": "Metadata", "duration": 0.0})
            async for message in self.socket:
                tell(message=len(message) if isinstance(message, bytes) else json.loads(message)["type"])
                if isinstance(message, bytes):
                    self.sound += message
                    await self._go_wrong()
                elif json.loads(message)["type"] == "CloseStream" and self.fault != "endless":
                    await self._settle()
                    await self._tell({"type": "Metadata", "duration": self.samples / SAMPLE_RATE})
                    return
        finally:
            hearing.cancel()

    async def _go_wrong(self) -> None:
        if self.samples < SAMPLE_RATE:
            return
        match self.fault:
            case "hangs-up":
                await self.socket.close(1011, "NET-0000")
            case "breaks":
                self.socket.transport.abort()
            case "deaf":
                self.fault = "silent"
                await asyncio.sleep(_DEAF_S)
                self.socket.transport.abort()
            case "unwilling":
                await self._tell({"type": "Error", "description": "language is not supported"})
                await self.socket.close(4400, "invalid session")
            case "garbage":
                await self.socket.send('{"type": "Results", "channel": ')
            case "other":
                await self.socket.send(json.dumps({"type": "Results", "channel": {"alternatives": []}}))
            case "binary":
                await self.socket.send(b"\xff\xfe\x00")
            case "huge":
                await self.socket.send(
                    json.dumps({"type": "Results", "start": 0, "duration": 1, "x": "y" * 2_000_000})
                )
            case "unknown":
                await self.socket.send(json.dumps({"type": "SpeechStarted", "timestamp": 0.1}))

    async def _hear_on(self) -> None:
        """Interim results while sound comes in, final ones where it pauses."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(0.01)
                if self.samples - max(self.said, self.settled) < _STEP_S * SAMPLE_RATE:
                    continue
                if self.fault in ("silent", "deaf"):
                    continue
                if self.fault == "slow":
                    await asyncio.sleep(2.0)
                if self._pauses() or self.samples - self.settled > _LONGEST_S * SAMPLE_RATE:
                    await self._settle()
                else:
                    await self._interim()

    def _pauses(self) -> bool:
        """Whether what is not settled ends in so much silence as its client wants a cut at."""
        quiet = int(self.options["endpointing"]) * SAMPLE_RATE // 1000
        sound = self._audio(self.settled, self.samples)
        return len(sound) > 2 * quiet and float(np.abs(sound[-quiet:]).max()) < _QUIET < float(
            np.abs(sound).max()
        )

    async def _interim(self) -> None:
        end = self.samples
        words = await self._heard(end)
        self.said = end
        await self._say(words, self.settled, end, is_final=False)

    async def _settle(self) -> None:
        start, end = self.settled, self.samples
        words = await self._heard(end)
        self.settled = end
        if self.fault == "misordered":
            await self._say_in_disorder(words, start, end)
            words = []
        await self._say(words, end if not words else start, end, is_final=True)

    async def _say_in_disorder(self, words: Heard, start: int, end: int) -> None:
        """The end before the beginning, all of it twice, and something that is over."""
        half, middle = len(words) // 2, (start + end) // 2
        for _ in range(2):
            await self._say(words[half:], middle, end, is_final=True)
            await self._say(words[:half], start, middle, is_final=True)
            await self._say(words[:1], start, end, is_final=False)

    async def _heard(self, end: int) -> Heard:
        sound, start = self._audio(self.settled, end), self.settled
        return await asyncio.to_thread(self.hear, sound, start)

    def _audio(self, start: int, end: int) -> Audio:
        samples = np.frombuffer(bytes(self.sound[2 * start : 2 * end]), "<i2")
        return samples.astype(np.float32) / np.float32(32_768)

    async def _say(self, words: Heard, start: int, end: int, **flags: Any) -> None:
        begin, length_s = start / SAMPLE_RATE, (end - start) / SAMPLE_RATE
        each_s = length_s / max(1, len(words))
        vague = self.fault == "vague"  # as WhisperLiveKit: nothing is said of how sure it is
        spelled = [
            {
                "word": word.lower().strip(".,?!"),
                "punctuated_word": word,
                "start": begin + n * each_s,
                "end": begin + (n + 1) * each_s,
                "confidence": 0.0 if vague else sure,
            }
            for n, (word, sure) in enumerate(words)
        ]
        best = {"transcript": " ".join(word for word, _ in words), "confidence": 0.9, "words": spelled}
        body = {"type": "Results", "channel_index": [0, 1], "start": begin, "duration": length_s}
        await self._tell(body | {"speech_final": False, "channel": {"alternatives": [best]}} | flags)

    async def _tell(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))


def tell(**what: object) -> None:
    """Whoever started the service."""
    print(json.dumps(what), flush=True)


class Service:
    """All connections."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._connections = Counter[str]()

    def greet(self, _: ServerConnection, request: Request) -> Response | None:
        """Refuse a handshake, or tell of it."""
        options = {name: values[-1] for name, values in parse_qs(urlsplit(request.path).query).items()}
        fault = options.get("fault", "")
        self._connections[options.get("tag", "")] += 1
        tell(opened=options, key=request.headers.get("Authorization", ""))
        if fault.isdecimal():
            tell(closed=fault)
            headers = Headers(
                [("Retry-After", "7"), ("Location", "ws://127.0.0.1:9/v1/listen"), ("Content-Length", "0")]
            )
            return Response(int(fault), HTTPStatus(int(fault)).phrase, headers)
        return None

    async def serve(self, socket: ServerConnection) -> None:
        """One connection."""
        assert socket.request is not None
        options = {name: values[-1] for name, values in parse_qs(urlsplit(socket.request.path).query).items()}
        fault = options.get("fault", "")
        if fault.endswith("-once"):
            fault = fault.removesuffix("-once") if self._connections[options.get("tag", "")] == 1 else ""
        with suppress(ConnectionClosed):
            await Listening(socket, self._hear, fault, options).run()
        tell(closed=fault)


async def _main(arguments: argparse.Namespace) -> None:
    import ssl

    trusted = None
    if arguments.certificate:
        trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trusted.load_cert_chain(arguments.certificate, arguments.certificate_key)
    service = Service(with_model(Path(arguments.model)) if arguments.model else numbers)
    at = ("127.0.0.1", arguments.port)
    async with serve(
        service.serve, *at, process_request=service.greet, ssl=trusted, compression=None
    ) as server:
        (socket,) = server.sockets
        scheme = "wss" if trusted else "ws"
        tell(address=f"{scheme}://localhost:{socket.getsockname()[1]}/v1/listen")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class Told:
    """A running service, as its client sees it: where it is, and what it was told so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.address: str = json.loads(process.stdout.readline())["address"]
        self.lines: list[dict[str, Any]] = []
        self._process = process
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def close(self) -> None:
        """End the service."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()
        self._reading.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.lines.append(json.loads(line))

    @property
    def opened(self) -> list[dict[str, Any]]:
        """The handshakes."""
        return [line for line in self.lines if "opened" in line]

    @property
    def open_now(self) -> int:
        """Connections that have not ended."""
        return len(self.opened) - sum("closed" in line for line in self.lines)

    @property
    def said(self) -> list[str]:
        """The messages, but for the sound."""
        messages = [line["message"] for line in self.lines if "message" in line]
        return [message for message in messages if isinstance(message, str)]

    @property
    def samples(self) -> int:
        """Of sound, over all connections."""
        messages = [line["message"] for line in self.lines if "message" in line]
        return sum(message for message in messages if isinstance(message, int)) // 2


@contextmanager
def serving(*arguments: str) -> Iterator[Told]:
    """The service, in a process of its own, which ends with its standard input."""
    command: Sequence[str] = [sys.executable, "-m", __name__, *arguments]
    told = Told(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    try:
        yield told
    finally:
        told.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--model", default="")
    options.add_argument("--certificate", default="")
    options.add_argument("--certificate-key", default="")
    asyncio.run(_main(options.parse_args()))
