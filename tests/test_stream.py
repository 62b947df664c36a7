"""The event stream's fields are a contract: people script against them."""

from __future__ import annotations

import json

import pytest

from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Began, Dropped, Finished, StreamEvent, Typed, to_fields, to_json

CASES: list[tuple[StreamEvent, str]] = [
    (
        Began("tiny.en", "base", 1764016000.25),
        '{"type": "started", "timestamp": 1764016000.25, "fast": "tiny.en", "heavy": "base"}',
    ),
    (
        TranscriptSegment(0, "hello world", Confidence.DRAFT, 5, timestamp=1.5),
        '{"type": "segment", "text": "hello world", "confidence": "draft", "window_id": 5, "timestamp": 1.5}',
    ),
    (
        TranscriptSegment(
            3, "hello world", Confidence.CONFIRMED, 8, (5, 6, 7, 8), to_pause=True, final=True, timestamp=2.5
        ),
        '{"type": "segment", "text": "hello world", "confidence": "confirmed", "window_id": 8, '
        '"corrects_window_ids": [5, 6, 7, 8], "timestamp": 2.5}',
    ),
    (
        TranscriptSegment(0, "hello", Confidence.DRAFT, 5, probabilities=(0.5,), timestamp=1.5),
        '{"type": "segment", "text": "hello", "confidence": "draft", "window_id": 5, "timestamp": 1.5}',
    ),
    (
        TranscriptSegment(0, "hello", Confidence.CONFIRMED, 5, (5,), verified=True, timestamp=1.5),
        '{"type": "segment", "text": "hello", "confidence": "confirmed", "window_id": 5, '
        '"corrects_window_ids": [5], "timestamp": 1.5}',
    ),
    (
        TranscriptSegment(0, "", Confidence.CONFIRMED, 0, (), timestamp=0.0),
        '{"type": "segment", "text": "", "confidence": "confirmed", "window_id": 0, '
        '"corrects_window_ids": [], "timestamp": 0.0}',
    ),
    (Typed(3, "rld", 1.0), '{"type": "patch", "backspaces": 3, "text": "rld", "timestamp": 1.0}'),
    (
        Dropped("heavy", 12, 1.0),
        '{"type": "dropped", "model": "heavy", "window_id": 12, "timestamp": 1.0}',
    ),
    (
        Finished("Hello world.", 1.0, {"audio_s": 2.5, "dropped": 0}),
        '{"type": "finished", "text": "Hello world.", "timestamp": 1.0, '
        '"stats": {"audio_s": 2.5, "dropped": 0}}',
    ),
    (Finished("", 1.0), '{"type": "finished", "text": "", "timestamp": 1.0, "stats": {}}'),
]


@pytest.mark.parametrize(("event", "line"), CASES)
def test_a_line(event: StreamEvent, line: str) -> None:
    assert to_json(event) == line
    assert json.loads(line) == to_fields(event)


def test_a_line_is_one_line_of_real_characters() -> None:
    line = to_json(Typed(0, "a\nb “ü” 🙂\u2028", 1.0))
    assert "“ü” 🙂" in line
    assert "\n" not in line
    assert json.loads(line)["text"] == "a\nb “ü” 🙂\u2028"


def test_a_draft_corrects_nothing() -> None:
    draft = TranscriptSegment(0, "a", Confidence.DRAFT, 1, (1,))
    assert "corrects_window_ids" not in to_fields(draft)
