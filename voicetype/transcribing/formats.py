"""A transcript -> the text of a file."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from voicetype.core import subtitles
from voicetype.core.passages import Passage, Transcript


class Format(Enum):
    """What can be written; its value is the end of the file's name."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"


def rendered(transcript: Transcript, shape: Format) -> str:
    """The whole file."""
    match shape:
        case Format.TXT:
            return f"{transcript.text}\n" if transcript.text else ""
        case Format.SRT:
            return subtitles.srt(transcript.passages)
        case Format.VTT:
            return subtitles.vtt(transcript.passages)
        case Format.JSON:
            return json.dumps(_as_json(transcript), ensure_ascii=False, indent=2) + "\n"


def _as_json(transcript: Transcript) -> dict[str, Any]:
    return {
        "model": transcript.model,
        "language": transcript.language,
        "language_probability": round(transcript.probability, 3),
        "duration": round(transcript.duration_s, 3),
        "text": transcript.text,
        "segments": [_segment(passage) for passage in transcript.passages],
    }


def _segment(passage: Passage) -> dict[str, Any]:
    return {
        "start": round(passage.start_s, 3),
        "end": round(passage.end_s, 3),
        "text": passage.text,
        "probability": round(passage.probability, 3),
        "words": [
            {
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
                "word": word.text.strip(),
                "probability": round(word.probability, 3),
            }
            for word in passage.words
        ],
    }
