"""`devices`: the microphones."""

from __future__ import annotations

from argparse import Namespace

from voicetype.errors import AudioError
from voicetype.sound_process import devices


def run(_: Namespace) -> int:
    """Print them."""
    found = devices()
    if not found:
        raise AudioError("There is no microphone.", "Plug one in, or turn it on in the sound settings.")
    for device in found:
        mark = "*" if device.default else " "
        print(f"{mark} {device.name}  ({device.channels} channels, {device.rate_hz} Hz)")
    return 0
