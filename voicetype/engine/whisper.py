"""A Whisper model on short windows.

`WhisperModel.transcribe` pads every window to 30 s, which makes a draft of five seconds of speech
cost as much as half a minute of it. The encoder takes any length, so that a window here is no longer than
its speech wants (`guards`), and what it encoded serves the language, the verification and the decoding alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype import logs
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO
from voicetype.core.verification import (
    MADE_UP,
    MADE_UP_DRAFT,
    Judgement,
    Standing,
    judge,
    wary,
    word_probabilities,
)
from voicetype.core.vocabulary import Terms, Vocabulary, without_echoes
from voicetype.core.wording import clean, split, unspaced
from voicetype.engine import Audio, EngineOptions, Hearing, Hypothesis
from voicetype.engine.guards import (
    CONFIRMATIONS,
    DRAFTS,
    LONGEST_S,
    Heard,
    Verdict,
    WindowShape,
    compressible,
    loop_start,
    most_tokens,
    without_restart,
)
from voicetype.engine.offline import Offline, Way
from voicetype.engine.prompts import Prompt, Prompts
from voicetype.errors import ModelError

_USUAL = EngineOptions()
_HOP = 160  # samples a mel frame
_PLACES = 448  # that a decoder knows, for prompt and text
_LONGEST_DRAFT = 200  # tokens
_HOTWORDS_OF_DRAFTS = 10
"""More lead a light model astray in short windows. Of ten recordings with a list of 24 as many hotwords came
out either way, and 0.51 characters were erased for each that stays where drafts expected all of them, 0.29
where they expected ten, 0.22 without any (`tests.bench.vocabulary`)."""
_SPARE_FRAMES = 20  # mel frames behind the speech where its last word may still be aligned
_ALIGNED_S = 0.02  # seconds a step of an alignment
_MEASURED_TOKENS = 16  # of five seconds of speech
_MISSING_S = 0.6  # of speech behind a draft's last word: a word is missing there


class Whisper:
    """A loaded faster-whisper model; one thread at a time calls it."""

    def __init__(self, folder: Path, name: str, options: EngineOptions = _USUAL) -> None:
        """Load the CTranslate2 model in `folder`. Raises ModelError."""
        import ctranslate2
        from faster_whisper import WhisperModel

        logs.library("ctranslate2", ctranslate2.set_log_level)
        try:
            self._model: Any = WhisperModel(
                str(folder),
                device=options.device,
                compute_type=options.compute_type,
                cpu_threads=options.threads,
                local_files_only=True,
            )
        except TypeError as error:  # of CTranslate2, for a path that is no UTF-8
            raise ModelError(
                f"The model {name} can't be read from {folder}: that path is no text.",
                "Set models.folder to a folder whose name is plain text.",
            ) from error
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"The model {name} could not be loaded: {error}",
                f"Remove it with `voicetype models remove {name}` and fetch it again.",
            ) from error
        self._name = name
        self._prompts = Prompts(self._model)

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

    def measure(self) -> float:
        """Seconds for five seconds of speech, about as a draft takes them. Raises ModelError.

        The model is made to say as many tokens as somebody would, whatever it hears.
        """
        with self._failures():
            prompt, began = self._prompts.of("en"), time.perf_counter()
            encoded = self._encode(np.zeros(5 * SAMPLE_RATE, np.float32), DRAFTS[0])
            self._model.model.generate(
                encoded,
                [prompt.tokens],
                beam_size=1,
                max_length=_longest(prompt, _MEASURED_TOKENS),
                suppress_tokens=[*prompt.suppressed, prompt.tokenizer.eot],
            )
            return time.perf_counter() - began

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
            language = self._language(how, encoded)
            how = replace(how, language=language[0])
            how = how if how.careful else _expecting_few(how)
            heard = self._climb(speech, encoded, ladder, how, sure=not how.careful)
            if heard is None:
                return None
            return _in(language, self._believed(heard, encoded, how, speech))

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
            language = self._language(how, encoded)
            how = replace(how, language=language[0])
            standing = draft() if how.careful else standing
            return _in(language, self._verified(speech, encoded, how, standing, draft))

    def _verified(
        self, speech: Audio, encoded: Any, how: Hearing, standing: Standing, draft: Callable[[], Standing]
    ) -> Hypothesis | None:
        judged = self._judge(encoded, how.language, standing.text, len(speech), how.hotwords)
        known = 0 if how.careful else standing.confirmed
        if judged.plausible(known) and (judged.whole or not how.careful):
            return Hypothesis(standing.text, judged.probabilities, verified=True)
        said = self._climb(speech, encoded, CONFIRMATIONS, how)
        if said is None:
            return None
        if standing.text and not judged.probabilities:
            return said.hypothesis
        own = self._judge(encoded, how.language, said.text, len(speech), how.hotwords)
        # A draft that is held back speaks a little for it, and so does a voice.
        bound = MADE_UP_DRAFT if standing.text or how.voiced else MADE_UP
        if not (standing.text and standing.vouched) and said.made_up(
            _own(said.text, own.probabilities, how), bound
        ):
            newest = draft()  # one that is sure of it may have come meanwhile
            return Hypothesis(newest.text if newest.vouched else "")
        if not standing.text:
            return said.hypothesis
        if said.text and not own.probabilities:
            return said.hypothesis
        words, gains = judge(
            split(standing.text),
            judged.probabilities,
            split(said.text),
            own.probabilities,
            standing.confirmed,
        )
        return Hypothesis("".join(words).strip(), gains=gains)

    def _believed(self, heard: Heard, encoded: Any, how: Hearing, speech: Audio) -> Hypothesis:
        """What it heard, or nothing where it does not believe that. What beams say has to be judged."""
        sure, bound = heard.probabilities, MADE_UP_DRAFT
        if how.careful:
            sure = self._judge(encoded, how.language, heard.text, len(speech), how.hotwords).probabilities
            bound = MADE_UP_DRAFT if how.voiced else MADE_UP
        made_up = heard.made_up(_own(heard.text, sure, how), bound)
        return Hypothesis("") if made_up else heard.hypothesis

    def _language(self, how: Hearing, encoded: Any) -> tuple[str, float]:
        """Which language a window is in, and how probable that is."""
        return self._prompts.language(how, encoded)

    def _climb(
        self, speech: Audio, encoded: Any, ladder: Sequence[WindowShape], how: Hearing, *, sure: bool = False
    ) -> Heard | None:
        """Decode, and climb the ladder while the guards reject what comes of it."""
        heard = self._decode(encoded, how.language, len(speech), how.beam_size, how.hotwords, sure=sure)
        rung = heard.verdict.next_rung(0, careful=how.careful)
        while rung is not None:
            if how.superseded():
                return None
            longer = self._encode(speech, ladder[rung])
            heard = self._decode(longer, how.language, len(speech), 1, how.hotwords, sure=sure)
            rung = heard.verdict.next_rung(rung, careful=how.careful)
        heard = heard if how.careful else replace(heard, text=heard.once)
        return replace(heard, speech=1.0) if how.voiced else heard

    def transcribe_long(
        self, audio: Audio, *, language: str, beam_size: int = 5, among: tuple[str, ...] = ()
    ) -> str:
        """The text of a whole recording, offline: faster-whisper's own padded windows. Raises ModelError.

        `language` and `among` as in Hearing; "auto" is what the first half minute is in.
        """
        offline = self.offline()
        language, _ = offline.language(audio, Hearing(language, among=among))
        return " ".join(passage.text for passage in offline.passages(audio, Way(language, beam_size)))

    def offline(self) -> Offline:
        """The same model on whole recordings."""
        return Offline(self._name, self._model, self._whole_language)

    def _whole_language(self, audio: Audio, how: Hearing) -> tuple[str, float]:
        encoded = self._encode(audio, CONFIRMATIONS[-1]) if how.language == AUTO else None
        return self._language(how, encoded)

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
        self,
        encoded: Any,
        language: str,
        speech_samples: int,
        beam_size: int,
        hotwords: tuple[str, ...] = (),
        *,
        sure: bool = False,
    ) -> Heard:
        """What the model says of a window; `sure`: with each word's probability, of which beams tell none.

        That takes a fifth of a megabyte a token, so that only drafts, whose windows are short, ask for it.
        """
        prompt = self._prompts.of(language, hotwords)
        cap = min(most_tokens(language, speech_samples / SAMPLE_RATE), _PLACES - len(prompt.tokens))
        result = self._model.model.generate(
            encoded,
            [prompt.tokens],
            beam_size=beam_size,
            max_length=_longest(prompt, cap),
            suppress_tokens=prompt.suppressed,
            return_logits_vocab=sure and beam_size == 1,
            return_no_speech_prob=True,
        )[0]
        said: list[int] = result.sequences_ids[0]
        text = clean(prompt.tokenizer.decode(said))
        once = without_restart(clean(prompt.tokenizer.decode(said[: loop_start(said, language)])))
        each = [_probability(logits, token) for logits, token in zip(_logits(result), said, strict=False)]
        probable = self._by_word(prompt, text, said, each) if each else ()
        silence = self._silence(encoded, prompt) if prompt.expects else result.no_speech_prob
        speech, speech_s = 1 - silence, speech_samples / SAMPLE_RATE
        if len(said) >= cap or compressible(text):
            verdict = Verdict.OVERFULL if once == text else Verdict.LOOPED
            return Heard(once, verdict, once, probable, speech, speech_s)
        verdict = Verdict.TRUSTED if once == text else Verdict.LOOPED
        return Heard(text, verdict, once, probable, speech, speech_s)

    def _silence(self, encoded: Any, prompt: Prompt) -> float:
        """The probability that nobody speaks, of a model that expects nothing: hotwords make it doubt it."""
        result = self._model.model.generate(
            encoded, [prompt.bare], beam_size=1, max_length=len(prompt.bare) + 1, return_no_speech_prob=True
        )[0]
        return float(result.no_speech_prob)

    def _judge(
        self, encoded: Any, language: str, draft: str, speech_samples: int, hotwords: tuple[str, ...] = ()
    ) -> Judgement:
        """What the model thinks of each word of a draft, and whether speech goes on behind the last one."""
        prompt = self._prompts.of(language, hotwords)
        # Scripts without spaces begin without one.
        tokens: list[int] = prompt.tokenizer.encode(draft if unspaced(draft[:1]) else f" {draft}")
        if not draft or len(tokens) > _LONGEST_DRAFT:
            return Judgement()
        frames = min(2 * encoded.shape[1], speech_samples // _HOP + _SPARE_FRAMES)
        result = self._model.model.align(encoded, prompt.start, [tokens], [frames])[0]
        # The path goes on to the last frame in the row behind the last token, where the text ends.
        ends_at = min((frame for token, frame in result.alignments if token == len(tokens)), default=frames)
        whole = speech_samples / SAMPLE_RATE - ends_at * _ALIGNED_S <= _MISSING_S
        words = split(draft)
        each = self._by_word(prompt, draft, tokens, result.text_token_probs)
        return Judgement(wary(words, each), whole)

    def _by_word(
        self, prompt: Prompt, text: str, tokens: list[int], probabilities: Sequence[float]
    ) -> tuple[float, ...]:
        """The least probability of the tokens of each word of `text`."""
        pieces, groups = prompt.tokenizer.split_to_word_tokens(tokens)
        at, spoken = 0, []
        for piece, group in zip(pieces, groups, strict=True):
            spoken.append((piece, min(probabilities[at : at + len(group)], default=1.0)))
            at += len(group)
        return word_probabilities(split(text), spoken)


def _expecting_few(how: Hearing) -> Hearing:
    """With the most important of the hotwords."""
    return replace(how, vocabulary=Vocabulary(Terms(how.hotwords[-_HOTWORDS_OF_DRAFTS:])))


def _own(text: str, probabilities: Sequence[float], how: Hearing) -> Sequence[float]:
    """The probabilities of a text's words that it has of itself: not of being expected."""
    return without_echoes(split(text), probabilities, how.hotwords)


def _in(language: tuple[str, float], heard: Hypothesis | None) -> Hypothesis | None:
    """With the language that it was heard in, and how probable that is."""
    return heard and replace(heard, language=language[0], language_probability=language[1])


def _longest(prompt: Prompt, tokens: int) -> int:
    """CTranslate2's `max_length` for so many tokens of text.

    The prompt counts too, and the text is left half of it at most, as openai/whisper leaves it of 448.
    """
    return min(_PLACES, max(2 * tokens, len(prompt.tokens) + tokens))


def _heard_at_once(audio: Audio) -> Audio:
    return audio[-round(LONGEST_S * SAMPLE_RATE) :]


def _logits(result: Any) -> Sequence[Any]:
    return result.logits[0] if result.logits else ()


def _probability(logits: Any, token: int) -> float:
    """Softmax of one step, at one token."""
    values: NDArray[np.float32] = np.asarray(logits, np.float32)
    return float(1 / np.exp(values - values[token]).sum())
