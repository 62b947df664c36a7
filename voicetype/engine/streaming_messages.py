"""The messages of Deepgram's live interface (`/v1/listen`), which other servers speak, too.

What the others leave out: WhisperLiveKit tells no confidences (0.0 each), has no times for the newest words,
counts a result's length by its words, and does not know Finalize.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

from voicetype.core import wording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO
from voicetype.core.streamed import Result, Said

KEEP_ALIVE = json.dumps({"type": "KeepAlive"})
CLOSE_STREAM = json.dumps({"type": "CloseStream"})

_KEY_TERMS = 100  # the interface takes 500 tokens of them; above, it stops to answer
_ANY_LANGUAGE = "multi"
_OWN_CUTS_MS = 300  # of silence: we say where an utterance pauses, its own cuts are to be few

_OURS = {
    "encoding": "linear16",
    "sample_rate": str(SAMPLE_RATE),
    "channels": "1",
    "interim_results": "true",
}
_USUAL = {"punctuate": "true", "endpointing": str(_OWN_CUTS_MS)}


class Ended:
    """All that was sent is settled: the answer to CloseStream."""


class Refusal(Exception):
    """The server says that it can't go on."""


def query(language: str, hotwords: Sequence[str], parameters: Mapping[str, str]) -> str:
    """What the address ends with. `parameters`: the user's own, before ours where the sound allows it."""
    told = {"language": _ANY_LANGUAGE if language == AUTO else language}
    terms = [("keyterm", term) for term in hotwords[-_KEY_TERMS:]]
    return urlencode([*(_USUAL | told | dict(parameters) | _OURS).items(), *terms])


def read(message: str | bytes) -> Result | Ended | None:
    """What a message says; None: nothing of interest.

    Raises Refusal, and ValueError for what is none of this interface.
    """
    try:
        body = json.loads(message)
        match body["type"]:
            case "Results":
                return _result(body)
            case "Metadata" if _number(body.get("duration")):  # without sound it is a greeting
                return Ended()
            case "Error":
                raise Refusal
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no message") from error
    return None


def _result(body: Mapping[str, Any]) -> Result:
    start = _seconds(body["start"])
    end = start + _seconds(body["duration"])
    best = body["channel"]["alternatives"][0]
    return Result(
        start,
        end,
        _said(_line(best["transcript"]), best.get("words") or [], start),
        final=body.get("is_final") is True,
    )


def _said(text: str, told: Sequence[Mapping[str, Any]], start: float) -> tuple[Said, ...]:
    """The words of the text, with what is told of each: they share their characters, but for the spaces."""
    spelled = ["".join(str(word.get("punctuated_word") or word["word"]).split()) for word in told]
    ends = list(accumulate(map(len, spelled)))
    tells = any(_number(word.get("confidence")) for word in told)
    said, at, length = list[Said](), start, 0
    for word in wording.split(text):
        own = bisect_right(ends, length + len(word.strip()) / 2)
        length += len(word.strip())
        sure = None
        if own < len(told):
            at = (_seconds(told[own]["start"]) + _seconds(told[own]["end"])) / 2
            sure = min(max(_number(told[own].get("confidence")), 0.0), 1.0) if tells else None
        said.append(Said(word, at, sure))
    return tuple(said)


def _line(transcript: object) -> str:
    """One line of printable text, as `wording.clean` makes it, but also where it is punctuation alone."""
    if not isinstance(transcript, str):
        raise TypeError("transcript")
    return wording.clean(f"{transcript} a")[:-2].rstrip()


def _seconds(value: object) -> float:
    return max(_number(value), 0.0)


def _number(value: object) -> float:
    """0.0 for what is none."""
    number = float(value) if isinstance(value, int | float) else 0.0
    return number if math.isfinite(number) else 0.0
