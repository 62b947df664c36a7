"""The event stream that voicetype prints and scripts read: its values, and their JSON form.

The field names are a contract; `to_json` is the only place that spells them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from voicetype.core.events import Confidence, TranscriptSegment


@dataclass(frozen=True, slots=True)
class Began:
    """The first sample of a recording or of a session was fed. `timestamp`s are Unix time in seconds."""

    fast: str
    heavy: str
    timestamp: float


@dataclass(frozen=True, slots=True)
class Typed:
    """What the typist was given, told when it stands. `backspaces` counts user-perceived characters."""

    backspaces: int
    text: str
    timestamp: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A window that no model saw. `model` is "fast" or "heavy"."""

    model: str
    window_id: int
    timestamp: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a recording or of a session, with its whole text."""

    text: str
    timestamp: float
    stats: Mapping[str, float | int] = field(default_factory=dict)


StreamEvent = Began | TranscriptSegment | Typed | Dropped | Finished


def to_fields(event: StreamEvent) -> dict[str, object]:
    """The event as the contract's fields, in its order."""
    match event:
        case Began(fast, heavy, timestamp):
            return {"type": "started", "timestamp": timestamp, "fast": fast, "heavy": heavy}
        case TranscriptSegment():
            fields: dict[str, object] = {
                "type": "segment",
                "text": event.text,
                "confidence": event.confidence.value,
                "window_id": event.window_id,
            }
            if event.confidence is Confidence.CONFIRMED:
                fields["corrects_window_ids"] = list(event.corrects_window_ids)
            if event.unverified:
                fields["unverified"] = True
            return fields | {"timestamp": event.timestamp}
        case Typed(backspaces, text, timestamp):
            return {"type": "patch", "backspaces": backspaces, "text": text, "timestamp": timestamp}
        case Dropped(model, window_id, timestamp):
            return {"type": "dropped", "model": model, "window_id": window_id, "timestamp": timestamp}
        case Finished(text, timestamp, stats):
            return {"type": "finished", "text": text, "timestamp": timestamp, "stats": dict(stats)}


def to_json(event: StreamEvent) -> str:
    """One line of the event stream, without its newline."""
    return json.dumps(to_fields(event), ensure_ascii=False)
