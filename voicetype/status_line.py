"""The daemon's properties in a few words: for a status bar, for a line of a terminal."""

from __future__ import annotations

from collections.abc import Mapping

OFF = "off"
_USUAL = "dual"  # the strategy that needs no word

GLYPHS = {
    OFF: "",  # a bar hides what has no text
    "loading": "◌",
    "idle": "○",
    "listening": "●",
    "finishing": "◐",
    "error": "✕",
}
"""What a bar shows of a state; the shapes are in every font that has box drawings."""


def state(properties: Mapping[str, object] | None) -> str:
    """One of GLYPHS; None stands for no daemon."""
    if properties is None:
        return OFF
    if properties.get("State") == "idle" and not properties.get("Ready"):
        return "loading"
    return str(properties.get("State"))


def line(properties: Mapping[str, object] | None) -> str:
    """A line for people."""
    now = state(properties)
    if not properties:
        return now
    loading = [str(properties["Loading"])] if properties.get("Loading") else []
    sending = [f"sending to {properties['Sending']}"] if properties.get("Sending") else []
    models = f"{properties.get('FastModel')} + {properties.get('HeavyModel')}"
    strategy = properties.get("Strategy", _USUAL)
    unusual = [str(strategy)] if strategy != _USUAL else []
    return " · ".join([now, *sending, *loading, *unusual, models, f"language {properties.get('Language')}"])


def bar(properties: Mapping[str, object] | None) -> dict[str, object]:
    """The properties, and beside them waybar's own keys for a module: text, alt, class, tooltip."""
    now = state(properties)
    shown = {
        "text": GLYPHS.get(now, now),
        "alt": now,
        "class": now,
        "tooltip": f"voicetype: {line(properties)}",
    }
    return dict(properties or {}) | shown
