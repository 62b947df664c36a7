"""The child of `sound_process`: PortAudio, for the process that began it and that may kill it.

    python -m voicetype.sound_child

Requests are JSON lines, one at a time. So are answers; blocks of sound, each followed by as many bytes of
samples as its "bytes" says; and what is heard from now on, a microphone or loudspeakers. It ends with its
parent, also while PortAudio hangs: its standard input closes.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import time
from base64 import b64decode
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Thread
from typing import IO, Any

from voicetype import portaudio
from voicetype.errors import AudioError
from voicetype.links import Links, name_streams

BACKLOG_BLOCKS = 2_000  # a minute for a reader that hangs; then sound is lost, and counted, not memory

_Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """What is written next: a message, and samples behind it."""

    message: _Message
    samples: bytes = b""


class _Out:
    """The way to the parent, which may not read for a while. `heard` is PortAudio's thread's."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._blocks: queue.Queue[_Outgoing] = queue.Queue(BACKLOG_BLOCKS)
        self._lost = 0  # bytes
        Thread(target=self._write, name="writing", daemon=True).start()

    def heard(self, block: bytes) -> None:
        """A block of sound; `lost` counts the bytes that were lost before it."""
        told: _Message = {"bytes": len(block), "arrival": time.monotonic(), "lost": self._lost}
        try:
            self._blocks.put_nowait(_Outgoing(told, block))
            self._lost = 0
        except queue.Full:
            self._lost += len(block)

    def say(self, message: _Message) -> None:
        """An answer, behind what was heard before."""
        self._blocks.put(_Outgoing(message))

    def _write(self) -> None:
        while True:
            out = self._blocks.get()
            try:
                self._pipe.write(json.dumps(out.message).encode() + b"\n" + out.samples)
                self._pipe.flush()
            except OSError:
                os._exit(0)


class _Child:
    """Does as it is told, on the main thread."""

    def __init__(self, out: _Out) -> None:
        self._out = out
        self._stream: portaudio.Stream | None = None
        self._links: Links | None = None
        self._node = name_streams()

    def serve(self, requests: queue.SimpleQueue[str]) -> None:
        """For ever: the thread that reads the requests ends the process."""
        while True:
            self._out.say(self._answer(json.loads(requests.get())))

    def _answer(self, request: _Message) -> _Message:
        try:
            match request:
                case {"do": "listen", "device": device, "anew": anew}:
                    return self._listen(device, anew=anew)
                case {"do": "stop"}:
                    self._stop()
                    return {}
                case {"do": "devices"}:
                    portaudio.look_again()
                    return {"devices": [asdict(device) for device in portaudio.devices()]}
                case {"do": "play", "samples": samples, "rate": rate, "by": by}:
                    return {"played": portaudio.play(b64decode(samples), rate, by)}
        except AudioError as error:
            return {"sentence": error.sentence, "hint": error.hint}
        raise ValueError(request)

    def _listen(self, device: str, *, anew: bool) -> _Message:
        if anew:
            portaudio.look_again()
        try:
            stream = portaudio.open_microphone(device, self._out.heard)
        except AudioError:
            if anew:
                raise
            portaudio.look_again()  # it may have come since PortAudio last looked
            stream = portaudio.open_microphone(device, self._out.heard)
        self._stream = stream
        self._links = Links(self._node, lambda monitor: self._out.say({"loudspeakers": monitor}))
        return {"rate": stream.rate, "channels": stream.channels, "tail_s": stream.tail_s}

    def _stop(self) -> None:
        stream, self._stream = self._stream, None
        links, self._links = self._links, None
        if stream:
            portaudio.close(stream)
        if links:
            links.close()


def _read(requests: queue.SimpleQueue[str]) -> None:
    """Until the parent is gone: then at once, whatever the main thread waits for."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def main() -> None:
    """Serve the parent."""
    # Signals that are meant for the parent, of a terminal or of systemd.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    # What a library prints must not come between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    Thread(target=_read, args=(requests,), name="reading", daemon=True).start()
    child = _Child(_Out(out))
    with suppress(AudioError):  # told to who asks for a microphone
        portaudio.load()  # what takes longest, before anybody waits for it
    child.serve(requests)


if __name__ == "__main__":
    main()
