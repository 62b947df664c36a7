"""PortAudio in processes of its own, which can be killed: it hangs with a device or a sound server that does.

A process does one thing at a time: it listens, or plays, or says which devices there are. What it hears waits
in it until it is taken. One that answers too late is killed, the next takes its place; one or two that have
nothing to do are kept, since to begin one takes a tenth of a second.

`sound_child` is the child's side.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import select
import subprocess
import time
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype import children
from voicetype.errors import AudioError
from voicetype.portaudio import SAMPLE_BYTES, DeviceInfo

_log = logging.getLogger(__name__)

_ANSWER_S = 3.0  # PortAudio looks for devices in 0.02 s to 1 s
_STOP_S = 0.5
_PLAY_S = 2.5  # a sound of a tenth of a second, and PortAudio's own patience
_SPARES = 2  # one listens, one plays
_CHILD = "voicetype.sound_child"
_HUNG = AudioError(
    "The sound system does not answer.",
    "It is asked again the next time. If that does not help, restart the sound server, or log in again.",
)

_NONE_HINT = "Close what fills the memory. If voicetype was installed anew meanwhile, restart it."

_Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Sound, shape (n, channels). `arrival`: as `time.monotonic` counts. `lost`: samples before it."""

    samples: NDArray[np.float32]
    arrival: float
    lost: int


class _Process:
    """One child, for one thread at a time."""

    def __init__(self) -> None:
        """Raises AudioError where no process can be begun."""
        try:
            self._process = subprocess.Popen(
                children.command(_CHILD), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:  # no memory, too many processes, or Python itself is gone
            raise AudioError(f"No process for sound can be begun: {error.strerror}.", _NONE_HINT) from error
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout
        self._read = bytearray()
        self._blocks: deque[tuple[_Message, bytes]] = deque()
        self._answers: deque[_Message] = deque()
        self.ended = False
        self.loudspeakers: bool | None = None

    @property
    def alive(self) -> bool:
        """It has not been ended by somebody else, for want of memory most of all."""
        return self._process.poll() is None

    def ask(self, request: _Message, timeout_s: float) -> _Message:
        """The answer. Raises AudioError, also where none comes in time; then the child is killed."""
        self.tell(request)
        answer = self.answer(timeout_s)
        if answer is None:
            _log.warning("A process for sound did not answer %r", request["do"])
            self.kill()
            raise AudioError(_HUNG.sentence, _HUNG.hint)
        if "sentence" in answer:
            raise AudioError(answer["sentence"], answer["hint"])
        return answer

    def tell(self, request: _Message) -> None:
        """Have it do something."""
        with suppress(OSError):  # it has ended, which whoever reads finds out
            self._to.write(json.dumps(request).encode() + b"\n")
            self._to.flush()

    def answer(self, timeout_s: float) -> _Message | None:
        """To what it was told; None where it does not come in time."""
        deadline = time.monotonic() + timeout_s
        while not self._answers:
            if not self._read_one(deadline):
                return None
        return self._answers.popleft()

    def block(self, timeout_s: float) -> tuple[_Message, bytes] | None:
        """The next block of sound; None where none comes in time, or it answers, or has ended."""
        deadline = time.monotonic() + timeout_s
        while not (self._blocks or self._answers) and self._read_one(deadline):
            pass  # what it says of loudspeakers is kept
        return self._blocks.popleft() if self._blocks else None

    def kill(self) -> None:
        """End it, whatever it does."""
        self.ended = True
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # one that waits for a driver ends when that answers
            self._process.wait(1.0)
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()

    def _read_one(self, deadline: float) -> bool:
        """What it says next. Reads what is there, however late it is."""
        while not self._whole():
            if self.ended or not self._more(max(0.0, deadline - time.monotonic())):
                return False
        return True

    def _whole(self) -> bool:
        """Take a message, and the samples behind it, out of what was read."""
        head, newline, _ = self._read.partition(b"\n")
        if not newline:
            return False
        message = json.loads(head)
        begin, end = len(head) + 1, len(head) + 1 + message.get("bytes", 0)
        if len(self._read) < end:
            return False
        if "bytes" in message:
            self._blocks.append((message, bytes(self._read[begin:end])))
        elif "loudspeakers" in message:
            self.loudspeakers = message["loudspeakers"]
        else:
            self._answers.append(message)
        del self._read[:end]
        return True

    def _more(self, timeout_s: float) -> bool:
        pipe = self._from.fileno()
        if not select.select([pipe], [], [], timeout_s)[0]:
            return False
        more = os.read(pipe, 1 << 16)
        self.ended = not more
        self._read += more
        return bool(more)


_spares: list[_Process] = []
_lock = Lock()  # of `_spares`


def prepare(count: int = 1) -> None:
    """Begin so many processes that are ready when they are needed."""
    with suppress(AudioError):  # told to who needs one
        fresh = [_Process() for _ in range(count - len(_spares))]
        for each in fresh:
            _give_back(each)


@atexit.register
def end_spares() -> None:
    """End the processes that have nothing to do."""
    with _lock:
        spares, _spares[:] = _spares[:], []
    for each in spares:
        each.kill()


def _take() -> _Process:
    while True:
        with _lock:
            if not _spares:
                break
            spare = _spares.pop(0)
        if spare.alive:
            return spare
        spare.kill()
    return _Process()


def _give_back(process: _Process) -> None:
    with _lock:
        if len(_spares) < _SPARES and not process.ended:
            _spares.append(process)
            return
    process.kill()


@contextmanager
def _process() -> Iterator[_Process]:
    """A process for one request."""
    process = _take()
    try:
        yield process
    finally:
        _give_back(process)


def devices() -> list[DeviceInfo]:
    """Every microphone. Raises AudioError."""
    with _process() as process:
        found = process.ask({"do": "devices"}, _ANSWER_S)["devices"]
    return [DeviceInfo(**each) for each in found]


def play(samples: NDArray[np.float32], rate: int, by: float) -> bool:
    """Play a sound, shape (n,), on the default device; see `portaudio.play`. Raises AudioError."""
    encoded = b64encode(samples.astype(np.float32).tobytes()).decode()
    with _process() as process:
        asked = {"do": "play", "samples": encoded, "rate": rate, "by": by}
        return bool(process.ask(asked, len(samples) / rate + _PLAY_S)["played"])


class Capture:
    """A running stream from a microphone. One thread takes what it hears; `close` is for any thread."""

    def __init__(self, device: str, *, anew: bool = False) -> None:
        """`device`: see `portaudio.open_microphone`. `anew`: look for devices first. Raises AudioError."""
        self._process = _take()
        self._process.loudspeakers = None
        try:
            opened = self._process.ask({"do": "listen", "device": device, "anew": anew}, _ANSWER_S)
        except BaseException:
            _give_back(self._process)
            raise
        self.rate: int = opened["rate"]
        self.tail_s: float = opened["tail_s"]
        self._channels: int = opened["channels"]
        self._using = Lock()  # the process
        self._closed = False

    @property
    def ended(self) -> bool:
        """Nothing more will come: it was closed, or its process has died."""
        return self._closed or self._process.ended

    @property
    def loudspeakers(self) -> bool | None:
        """What it hears now is no microphone, but what the loudspeakers play; None: not known."""
        return self._process.loudspeakers

    def take(self, timeout_s: float) -> Block | None:
        """What was heard next; None where nothing comes in time."""
        with self._using:
            read = None if self.ended else self._process.block(timeout_s)
        return read and self._block(*read)

    def close(self) -> list[Block]:
        """Listen no more, once. What was still on its way."""
        self._process.tell({"do": "stop"})  # at once, also while another thread takes
        with self._using:
            self._closed = True
            if self._process.answer(_STOP_S) is None:
                self._process.kill()
            rest = []
            while read := self._process.block(0.0):
                rest.append(self._block(*read))
        _give_back(self._process)
        return rest

    def abandon(self) -> None:
        """Nothing comes from it any more: end it without waiting for its device."""
        self._process.kill()
        self._closed = True

    def _block(self, message: _Message, samples: bytes) -> Block:
        shaped = np.frombuffer(samples, np.float32).reshape(-1, self._channels)
        lost = message["lost"] // SAMPLE_BYTES // self._channels
        return Block(shaped, message["arrival"], lost)
