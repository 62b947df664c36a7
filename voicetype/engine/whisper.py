"""A Whisper model on short windows.

`WhisperModel.transcribe` pads every window to 30 s, which makes a draft of five seconds of speech
cost as much as half a minute of it. The encoder takes any length, so that a window here is no longer than
its speech wants (`guards`), and what it encoded serves the language, the verification and the decoding alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import Judgement, Standing, judge, made_up, wary, word_probabilities
from voicetype.core.wording import clean, split
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.guards import (
    CONFIRMATIONS,
    DRAFTS,
    LONGEST_S,
    Verdict,
    WindowShape,
    compressible,
    loop_start,
    without_restart,
)
from voicetype.errors import ModelError

_HOP = 160  # samples a mel frame
_TOKENS_PER_S = 8.0  # more than a fast talker's
_SPARE_TOKENS = 6
_LONGEST_DRAFT = 200  # tokens; a decoder knows 448 places, of which half are a prompt's
_SPARE_FRAMES = 20  # mel frames behind the speech where its last word may still be aligned
_ALIGNED_S = 0.02  # seconds a step of an alignment
_MISSING_S = 0.6  # of speech behind a draft's last word: a word is missing there


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window gave. `once`: the text until it says itself again; `probabilities`: of its words."""

    text: str
    verdict: Verdict
    once: str = ""
    probabilities: tuple[float, ...] = ()


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
        self._model.hf_tokenizer = repaired(self._model.hf_tokenizer)
        self._name = name
        self._prompts: dict[str, _Prompt] = {}

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""
        return self._name

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What the library below raises, as an error of ours."""
        try:
            yield
        except RuntimeError as error:
            raise ModelError(
                f"The model {self._name} failed: {error}", "The other model carries on."
            ) from error

    def warm_up(self) -> None:
        """Pay for the first call's allocations now, not with the user's first word."""
        self.transcribe(np.zeros(SAMPLE_RATE, np.float32), Hearing("en"))

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """The text of `audio`, shape (n,), of which the last 30 s are heard.

        None when it was superseded before the text was there. Raises ModelError.
        """
        with self._failures():
            speech = _heard_at_once(audio)
            ladder = CONFIRMATIONS if how.careful else DRAFTS
            encoded = self._encode(speech, ladder[0])
            if how.superseded():
                return None
            return self._climb(speech, encoded, ladder, how, sure=not how.careful)

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """The text of `audio`, shape (n,), with what is plausible of the draft's words as they stand.

        One pass of the decoder over the whole draft (CTranslate2's `align`) gives the probability of each of
        its words. Where none is doubted, and nothing is missing at the end, nothing is decoded. Where nothing
        stands, what it says itself is only believed if it believes it, for no draft speaks for it. Only a
        draft that passed the guards may be judged: a loop is likely to itself. Raises ModelError.
        """
        with self._failures():
            speech = _heard_at_once(audio)
            # In mid-speech, what is drafted from now on lies beyond this audio; at a pause it counts.
            standing = Standing() if how.careful else draft()
            encoded = self._encode(speech, CONFIRMATIONS[0])
            if how.superseded():
                return None
            standing = draft() if how.careful else standing
            judged = self._judge(encoded, how.language, standing.text, len(speech))
            known = 0 if how.careful else standing.confirmed
            if judged.plausible(known) and (judged.whole or not how.careful):
                return Hypothesis(standing.text, judged.probabilities, verified=True)
            said = self._climb(speech, encoded, CONFIRMATIONS, how)
            if said is None or (standing.text and not judged.probabilities):
                return said
            own = self._judge(encoded, how.language, said.text, len(speech))
            if not standing.text:  # unless a draft has come meanwhile
                return Hypothesis(draft().text) if own.made_up else said
            if said.text and not own.probabilities:
                return said
            words, gains = judge(
                split(standing.text),
                judged.probabilities,
                split(said.text),
                own.probabilities,
                standing.confirmed,
            )
            return Hypothesis("".join(words).strip(), gains=gains)

    def _climb(
        self, speech: Audio, encoded: Any, ladder: Sequence[WindowShape], how: Hearing, *, sure: bool = False
    ) -> Hypothesis | None:
        """Decode, and climb the ladder while the guards reject what comes of it."""
        heard = self._decode(encoded, how.language, len(speech), how.beam_size, sure=sure)
        rung = heard.verdict.next_rung(0, careful=how.careful)
        while rung is not None:
            if how.superseded():
                return None
            longer = self._encode(speech, ladder[rung])
            heard = self._decode(longer, how.language, len(speech), 1, sure=sure)
            rung = heard.verdict.next_rung(rung, careful=how.careful)
        text = heard.text if how.careful else heard.once
        return Hypothesis(text, heard.probabilities[: len(split(text))])

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
        features = features[:, : round(LONGEST_S * SAMPLE_RATE) // _HOP]
        if features.shape[1] in (160, 256):
            # CTranslate2 takes an encoder output of the mel input's own shape for mel (80 * 2, 128 * 2).
            features = features[:, :-1]
        return self._model.encode(features)

    def _decode(
        self, encoded: Any, language: str, speech_samples: int, beam_size: int, *, sure: bool = False
    ) -> Heard:
        """What the model says of a window; `sure`: with each word's probability, of which beams tell none.

        That takes a fifth of a megabyte a token, so that only drafts, whose windows are short, ask for it.
        """
        prompt = self._prompt(language, encoded)
        cap = round(speech_samples / SAMPLE_RATE * _TOKENS_PER_S) + _SPARE_TOKENS
        result = self._model.model.generate(
            encoded,
            [prompt.tokens],
            beam_size=beam_size,
            max_length=len(prompt.tokens) + cap,
            suppress_tokens=prompt.suppressed,
            return_logits_vocab=sure and beam_size == 1,
        )[0]
        said: list[int] = result.sequences_ids[0]
        text = clean(prompt.tokenizer.decode(said))
        once = without_restart(clean(prompt.tokenizer.decode(said[: loop_start(said)])))
        each = [_probability(logits, token) for logits, token in zip(_logits(result), said, strict=False)]
        probable = self._by_word(prompt, text, said, each) if each else ()
        if len(said) >= cap or compressible(text):
            return Heard(once, Verdict.OVERFULL if once == text else Verdict.LOOPED, once, probable)
        return Heard(text, Verdict.TRUSTED if once == text else Verdict.LOOPED, once, probable)

    def _judge(self, encoded: Any, language: str, draft: str, speech_samples: int) -> Judgement:
        """What the model thinks of each word of a draft, and whether speech goes on behind the last one."""
        prompt = self._prompt(language, encoded)
        tokens: list[int] = prompt.tokenizer.encode(f" {draft}")
        if not draft or len(tokens) > _LONGEST_DRAFT:
            return Judgement()
        frames = min(2 * encoded.shape[1], speech_samples // _HOP + _SPARE_FRAMES)
        result = self._model.model.align(encoded, list(prompt.tokenizer.sot_sequence), [tokens], [frames])[0]
        # The path goes on to the last frame in the row behind the last token, where the text ends.
        ends_at = min((frame for token, frame in result.alignments if token == len(tokens)), default=frames)
        whole = speech_samples / SAMPLE_RATE - ends_at * _ALIGNED_S <= _MISSING_S
        words = split(draft)
        each = self._by_word(prompt, draft, tokens, result.text_token_probs)
        return Judgement(wary(words, each), whole, made_up(each))

    def _by_word(
        self, prompt: _Prompt, text: str, tokens: list[int], probabilities: Sequence[float]
    ) -> tuple[float, ...]:
        """The least probability of the tokens of each word of `text`."""
        pieces, groups = prompt.tokenizer.split_to_word_tokens(tokens)
        at, spoken = 0, []
        for piece, group in zip(pieces, groups, strict=True):
            spoken.append((piece, min(probabilities[at : at + len(group)], default=1.0)))
            at += len(group)
        return word_probabilities(split(text), spoken)

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


def _heard_at_once(audio: Audio) -> Audio:
    return audio[-round(LONGEST_S * SAMPLE_RATE) :]


def repaired(tokenizer: Any) -> Any:
    """The tokenizer (of the `tokenizers` library) with the first merge, which some conversions have lost.

    It stands in the first line of merges.txt, which they took for the header. Without it " the" is encoded as
    " ", "the", which no model says: it would doubt every word that begins with a t.
    """
    state: str = tokenizer.to_str()
    merges = '"merges":['
    first = '["Ġ","t"]' if f"{merges}[" in state else '"Ġ t"'  # written as a pair, or as one string
    if merges not in state or first in state or '"Ġt":' not in state:
        return tokenizer
    return type(tokenizer).from_str(state.replace(merges, f"{merges}{first},", 1))


def _logits(result: Any) -> Sequence[Any]:
    return result.logits[0] if result.logits else ()


def _probability(logits: Any, token: int) -> float:
    """Softmax of one step, at one token."""
    values: NDArray[np.float32] = np.asarray(logits, np.float32)
    return float(1 / np.exp(values - values[token]).sum())
