"""The microphone and the sound server behind it."""

from __future__ import annotations

import math
import os
import socket
import time
from pathlib import Path

import numpy as np

from voicetype.checks import Finding, bad, good, worse
from voicetype.config import Config
from voicetype.errors import AudioError
from voicetype.microphone import mono
from voicetype.sound_process import Capture, devices

_LISTEN_S = 0.5
_FIRST_S = 1.0
_QUIET_DB = -70.0  # below this even a quiet room is no longer heard
_BRIDGES = ("pipewire", "pulse", "default")
_DIRECT = "without a sound server PortAudio uses ALSA, and one program at a time has the microphone"


def microphone(config: Config) -> Finding:
    """Whether it can be opened and is heard, and how loud it is just now."""
    try:
        capture = Capture(config.audio.device)
    except AudioError as error:
        return bad(error.sentence, error.hint)
    began = time.monotonic()
    block = capture.take(_FIRST_S)
    first_s, peak = time.monotonic() - began, 0.0
    while block is not None and time.monotonic() < began + first_s + _LISTEN_S:
        peak = max(peak, float(np.abs(mono(block.samples)).max()))
        block = capture.take(_FIRST_S)
    capture.close()
    if block is None:
        return bad(
            "The microphone was opened, and gives no sound.",
            "Choose another in the sound settings, or restart the sound server; see `voicetype devices`.",
        )
    loudness = _decibels(peak)
    if loudness < _QUIET_DB:
        return worse(
            "it is opened, and hears silence", "If it stays so while you speak: unmute it, turn it up."
        )
    return good(f"heard after {first_s * 1000:.0f} ms at {capture.rate} Hz; peak {loudness:.0f} dB")


def sound_server(_: Config) -> Finding:
    """Which one answers, and whether PortAudio has a way to it."""
    found = [name for name, path in _sockets() if _answers(path)]
    if not found:
        silent = [name for name, path in _sockets() if path.exists()]
        told = f"{silent[0]} does not answer" if silent else "none runs"
        return worse(f"{told}; {_DIRECT}", "Start PipeWire or PulseAudio, as your desktop does at login.")
    try:
        names = [device.name for device in devices()]
    except AudioError as error:
        return bad(error.sentence, error.hint)
    if not any(bridge in name.casefold() for name in names for bridge in _BRIDGES):
        return worse(
            f"{found[0]} answers, but ALSA has no way to it",
            "Install pipewire-alsa, or for PulseAudio libasound2-plugins.",
        )
    return good(f"{' and '.join(found)} answers")


def _decibels(peak: float) -> float:
    """Below full scale."""
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def _sockets() -> list[tuple[str, Path]]:
    """Where the sound servers listen, the newer one first."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
    told = os.environ.get("PULSE_SERVER", "")
    pulse = Path(told.removeprefix("unix:")) if told.startswith(("unix:", "/")) else runtime / "pulse/native"
    remote = os.environ.get("PIPEWIRE_REMOTE") or "pipewire-0"
    return [("PipeWire", runtime / remote), ("the PulseAudio protocol", pulse)]


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(2)
            asked.connect(str(path))
    except OSError:
        return False
    return True
