"""Recordings in any format that FFmpeg reads -> samples, block by block: hours of them need little memory."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError

STDIN = "-"
"""Stands for what comes through a pipe."""

_BLOCK_SAMPLES = 10 * SAMPLE_RATE
_NO_NETWORK = {"protocol_whitelist": "file,crypto,data"}  # a playlist could name an address
_FORMATS = "WAV, FLAC, Ogg, MP3, MP4 and more are."
_IN_ORDER = "A pipe can only be read from front to back, for which an MP4 is not made: name the file itself."


def shown(path: str | Path) -> str:
    """A name as it can be printed, whatever its bytes are."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class Sound:
    """A recording that is open; it is read once, from front to back."""

    def __init__(self, name: str, container: Any, hint: str) -> None:
        """`container`: an open av.container.InputContainer with sound in it."""
        self._name, self._container, self._hint = name, container, hint
        self._stream = container.streams.audio[0]

    @property
    def length_s(self) -> float | None:
        """How long it says that it is, in seconds; None where it does not."""
        if (told := self._container.duration) and told > 0:
            return float(told) / 1e6
        if (told := self._stream.duration) and told > 0:
            return float(told * self._stream.time_base)
        return None

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The samples, shape (n,), 16 kHz, mono: a block is ten seconds or a little more, the last one less.

        A packet that is damaged is left out. Raises AudioError where nothing can be read on.
        """
        gathered: list[NDArray[np.float32]] = []
        for samples in self._samples():
            gathered.append(samples)
            if sum(map(len, gathered)) >= _BLOCK_SAMPLES:
                yield np.concatenate(gathered)
                gathered.clear()
        if gathered:
            yield np.concatenate(gathered)

    def _samples(self) -> Iterator[NDArray[np.float32]]:
        resampler: Any = None
        for frame in self._frames():
            frame.pts = None  # a gap in the time stamps, as of a damaged packet, is no error
            try:
                resampler = resampler or _resampler()
                resampled = resampler.resample(frame)
            except ValueError:  # another rate or more channels from here on
                yield from map(_floats, resampler.resample(None))
                resampler = _resampler()
                resampled = resampler.resample(frame)
            yield from map(_floats, resampled)
        if resampler is not None:
            yield from map(_floats, resampler.resample(None))

    def _frames(self) -> Iterator[Any]:
        from av.error import FFmpegError, InvalidDataError

        try:
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except InvalidDataError:
                    continue
        except InvalidDataError:
            return  # cut off: what was there is all there is
        except (FFmpegError, OSError) as error:
            raise AudioError(
                f"{self._name} can't be read to its end: {error.strerror}.", self._hint
            ) from error


@contextmanager
def opened(path: str | Path) -> Iterator[Sound]:
    """A recording of the file system, or `STDIN`. Raises AudioError."""
    from av.error import FFmpegError

    piped = str(path) == STDIN
    name = "What comes through the pipe" if piped else shown(path)
    with _file(path) as file:
        piped = piped or not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        try:
            container = _container(file)
        except (FFmpegError, OSError, ValueError, IndexError) as error:
            hint = f"{_FORMATS} {_IN_ORDER}" if piped else _FORMATS
            raise AudioError(f"{name} is no recording that can be read.", hint) from error
        with container:
            if not container.streams.audio:
                raise AudioError(f"There is no sound track in {name}.", "It has pictures or text alone.")
            yield Sound(name, container, _IN_ORDER if piped else "Look at the disk that it is on.")


def _container(file: BinaryIO) -> Any:
    import av

    # FFmpeg tells the formats that have no mark of their own, such as G.722, by the name of the file.
    return av.open(file, mode="r", metadata_errors="ignore", options=dict(_NO_NETWORK))


@contextmanager
def _file(path: str | Path) -> Iterator[BinaryIO]:
    if str(path) == STDIN:
        if sys.stdin is None:
            raise AudioError("There is no pipe: the standard input is closed.", "Name a file.")
        yield sys.stdin.buffer
        return
    name = shown(path)
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below; only its opening is looked at here
    except FileNotFoundError:
        raise AudioError(f"There is no recording at {name}.", "Check the name.") from None
    except IsADirectoryError:
        raise AudioError(f"{name} is a folder.", f"Name the recordings in it: {name}/*") from None
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "that is no name"
        raise AudioError(f"{name} can't be opened: {told}.", "Look at its owner and permissions.") from error
    with file:
        yield file


def _resampler() -> Any:
    from av.audio.resampler import AudioResampler

    return AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)


def _floats(frame: Any) -> NDArray[np.float32]:
    samples: NDArray[np.int16] = frame.to_ndarray().reshape(-1)
    return samples.astype(np.float32) / np.float32(32768)
