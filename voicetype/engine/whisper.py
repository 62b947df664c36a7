"""A Whisper model on short windows.

`WhisperModel.transcribe` pads every window to 30 s, which makes a draft of five seconds of speech
cost as much as half a minute of it. The encoder takes any length, so a window here is the speech
with a tail of zero *audio* (the sign for the model that the speech is over; without it stock models
loop) and a floor on its length. Guards stand behind that: a cap on the tokens that so much speech can
hold, tests for a text that says itself again, and a ladder of longer windows for what fails them, the last
of which is the padded window that the model was trained on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype.core.agreement import restart
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.wording import clean, split
from voicetype.engine import Audio, Hypothesis
from voicetype.errors import ModelError

_HOP = 160  # samples a mel frame
_LONGEST_S = 30.0
_TOKENS_PER_S = 8.0  # more than a fast talker's
_SPARE_TOKENS = 6
_COMPRESSIBLE = 2.4  # openai/whisper's own sign of a loop: text length / zlib length


@dataclass(frozen=True, slots=True)
class WindowShape:
    """How audio is laid into a window. Seconds: the zero tail behind the speech, and the least length."""

    tail_s: float
    floor_s: float

    def samples(self, speech_samples: int) -> int:
        """The window's length in samples for so much speech, at most 30 s of it."""
        wanted = max(speech_samples + round(self.tail_s * SAMPLE_RATE), round(self.floor_s * SAMPLE_RATE))
        return min(wanted, round(_LONGEST_S * SAMPLE_RATE))


LADDER = (WindowShape(2.56, 5.0), WindowShape(5.0, 10.0), WindowShape(_LONGEST_S, _LONGEST_S))
"""The windows that are tried, one after the other, until a text passes the guards."""


class Verdict(Enum):
    """What the guards say of a text."""

    TRUSTED = "trusted"
    LOOPED = "looped"  # it says itself again
    OVERFULL = "overfull"  # more than so much speech holds, or as compressible as a loop

    def next_rung(self, rung: int, *, careful: bool) -> int | None:
        """The rung of the ladder to try after this one, counted from 0; None where the text is taken.

        A draft is worth no second pass for a loop: what stands before it is as good as a draft gets. In a
        text that is to last, the padded window tells a loop from somebody who did say it twice.
        """
        last = len(LADDER) - 1 if careful else 1
        if rung >= last or self is Verdict.TRUSTED or (self is Verdict.LOOPED and not careful):
            return None
        return last if self is Verdict.LOOPED else rung + 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window gave. `once`: the text up to where it says itself again."""

    text: str
    verdict: Verdict
    once: str = ""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a model computes: CTranslate2's device and compute type, and processor threads."""

    device: str = "auto"
    compute_type: str = "int8"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What the decoder is told of a language: the tokens before the text, and those it may not say."""

    tokenizer: Any
    tokens: list[int]
    suppressed: list[int]


class Whisper:
    """A loaded faster-whisper model; one thread at a time calls it."""

    def __init__(self, folder: Path, name: str, options: EngineOptions = EngineOptions()) -> None:
        """Load the CTranslate2 model in `folder`. Raises ModelError."""
        from faster_whisper import WhisperModel

        try:
            self._model: Any = WhisperModel(
                str(folder),
                device=options.device,
                compute_type=options.compute_type,
                cpu_threads=options.threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"The model {name} could not be loaded: {error}",
                f"Remove it with `voicetype models remove {name}` and fetch it again.",
            ) from error
        self._name = name
        self._prompts: dict[str, _Prompt] = {}

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""
        return self._name

    def warm_up(self) -> None:
        """Pay for the first call's allocations now, not with the user's first word."""
        self.transcribe(np.zeros(SAMPLE_RATE, np.float32), language="en")

    def transcribe(
        self,
        audio: Audio,
        *,
        language: str,
        beam_size: int = 1,
        careful: bool = False,
        superseded: Callable[[], bool] = lambda: False,
    ) -> Hypothesis | None:
        """The text of `audio`, shape (n,), of which the last 30 s are heard.

        None when `superseded` became true before the text was there. Raises ModelError.
        """
        speech = audio[-round(_LONGEST_S * SAMPLE_RATE) :]
        rung: int | None = 0
        heard = Heard("", Verdict.TRUSTED)
        while rung is not None:
            try:
                encoded = self._encode(speech, LADDER[rung])
                if superseded():
                    return None
                heard = self._decode(encoded, language, len(speech), beam_size if rung == 0 else 1)
            except RuntimeError as error:
                raise ModelError(
                    f"The model {self._name} failed: {error}", "The other model carries on."
                ) from error
            rung = heard.verdict.next_rung(rung, careful=careful)
        return Hypothesis(heard.text if careful else heard.once)

    def transcribe_long(self, audio: Audio, *, language: str, beam_size: int = 5) -> str:
        """The text of a whole recording, offline: faster-whisper's own padded windows. Raises ModelError."""
        try:
            segments, _ = self._model.transcribe(
                audio,
                language=None if language == "auto" else language,
                beam_size=beam_size,
                condition_on_previous_text=False,
            )
            return " ".join(filter(None, (clean(segment.text) for segment in segments)))
        except RuntimeError as error:
            raise ModelError(f"The model {self._name} failed: {error}", "Try another model.") from error

    def _encode(self, speech: Audio, shape: WindowShape) -> Any:
        window = np.zeros(shape.samples(len(speech)), np.float32)
        window[: len(speech)] = speech[: len(window)]
        features: NDArray[np.float32] = self._model.feature_extractor(window)
        features = features[:, : round(_LONGEST_S * SAMPLE_RATE) // _HOP]
        if features.shape[1] in (160, 256):
            # CTranslate2 takes an encoder output of the mel input's own shape for mel (80 * 2, 128 * 2).
            features = features[:, :-1]
        return self._model.encode(features)

    def _decode(self, encoded: Any, language: str, speech_samples: int, beam_size: int) -> Heard:
        prompt = self._prompt(language, encoded)
        cap = round(speech_samples / SAMPLE_RATE * _TOKENS_PER_S) + _SPARE_TOKENS
        result = self._model.model.generate(
            encoded,
            [prompt.tokens],
            beam_size=beam_size,
            max_length=len(prompt.tokens) + cap,
            suppress_tokens=prompt.suppressed,
        )[0]
        said: list[int] = result.sequences_ids[0]
        text = clean(prompt.tokenizer.decode(said))
        once = without_restart(clean(prompt.tokenizer.decode(said[: loop_start(said)])))
        if len(said) >= cap or compressible(text):
            return Heard(once, Verdict.OVERFULL if once == text else Verdict.LOOPED, once)
        return Heard(text, Verdict.TRUSTED if once == text else Verdict.LOOPED, once)

    def _prompt(self, language: str, encoded: Any) -> _Prompt:
        """The prompt for a language, which "auto" takes from the encoded speech."""
        if not self._model.model.is_multilingual:
            language = "en"
        elif language == "auto":
            language = self._model.model.detect_language(encoded)[0][0][0][2:-2]
        if language not in self._prompts:
            self._prompts[language] = self._make_prompt(language)
        return self._prompts[language]

    def _make_prompt(self, language: str) -> _Prompt:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = self._model.model.is_multilingual
        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
        tokens = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        return _Prompt(tokenizer, tokens, list(get_suppressed_tokens(tokenizer, [-1])))


def loop_start(tokens: list[int]) -> int | None:
    """Where a hypothesis begins to say itself again; None where it does not.

    A loop is a run of tokens that stands twice in a row: of four or more tokens, or several times for
    shorter ones, since people do say "no, no, no" and "very, very".
    """
    for size in range(1, len(tokens) // 2 + 1):
        wanted = size * (4 if size == 1 else 2 if size < 4 else 1)
        repeated = 0
        for at in range(size, len(tokens)):
            repeated = repeated + 1 if tokens[at] == tokens[at - size] else 0
            if repeated >= wanted:
                return at - repeated + 1
    return None


def without_restart(text: str) -> str:
    """The text up to where it begins anew and says four words or more again; shorter ones people do say."""
    words = split(text)
    at = restart(words)
    return text if at is None or len(words) - at < 4 else "".join(words[:at])


def compressible(text: str) -> bool:
    """Whether a long text compresses like a loop (openai/whisper's own sign and threshold)."""
    raw = text.encode()
    return len(raw) > 100 and len(raw) / len(zlib.compress(raw)) > _COMPRESSIBLE
