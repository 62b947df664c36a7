"""What a decoder is told of a language, and which language it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicetype.core.spoken import AUTO, SURE
from voicetype.engine import Hearing

log = logging.getLogger(__name__)

_MOST_HOTWORDS = 120  # tokens
"""Every pass of a decoder reads them: as many make a window's decoding a third longer, and its judging three
times as long. faster-whisper's own limit is 223, of the 448 places that there are for prompt and text."""

_KEPT = 8  # prompts, of several languages and applications


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens before the text, and those that it may not say.

    `bare`: the same without hotwords.
    """

    tokenizer: Any
    tokens: list[int]
    suppressed: list[int]
    bare: list[int]

    @property
    def start(self) -> list[int]:
        """What an alignment begins with: all but that there are no timestamps."""
        return self.tokens[:-1]

    @property
    def expects(self) -> bool:
        """Whether there are hotwords."""
        return len(self.tokens) > len(self.bare)


class Prompts:
    """A model's prompts, by language, each made when it is first asked for. Owned by the model's thread."""

    def __init__(self, model: Any) -> None:
        """`model`: a loaded faster_whisper.WhisperModel."""
        self._model = model
        self._model.hf_tokenizer = repaired(model.hf_tokenizer)
        self._made: dict[tuple[str, tuple[str, ...]], Prompt] = {}

    def of(self, language: str, hotwords: tuple[str, ...] = ()) -> Prompt:
        """The prompt for a language's code and what is to be expected."""
        if (language, hotwords) not in self._made:
            while len(self._made) >= _KEPT:
                del self._made[next(iter(self._made))]
            self._made[language, hotwords] = self._make(language, hotwords)
        return self._made[language, hotwords]

    def language(self, how: Hearing, encoded: Any) -> tuple[str, float]:
        """The code of the language of encoded speech, and how probable it is: 1.0 where it was told."""
        if not self._model.model.is_multilingual:
            return "en", 1.0
        if how.language != AUTO:
            return how.language, 1.0
        if len(how.among) == 1:
            return how.among[0], 1.0
        told = self._model.model.detect_language(encoded)[0]
        return likeliest([(token[2:-2], probability) for token, probability in told], how)

    def _make(self, language: str, hotwords: tuple[str, ...]) -> Prompt:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = self._model.model.is_multilingual
        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
        bare = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        text = sentence(fitting(tokenizer, hotwords))
        # As faster-whisper biases its own windows: they stand where the text before this one would.
        tokens = self._model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=text)
        return Prompt(tokenizer, tokens, list(get_suppressed_tokens(tokenizer, [-1])), bare)


def sentence(hotwords: tuple[str, ...]) -> str | None:
    """As a model reads them: with the full stop, that the next text does not go on with them."""
    return f"{', '.join(hotwords)}." if hotwords else None


def fitting(tokenizer: Any, hotwords: tuple[str, ...]) -> tuple[str, ...]:
    """The last of them, as many as a prompt takes; `tokenizer`: faster-whisper's."""
    room, kept = _MOST_HOTWORDS, len(hotwords)
    while kept > 0 and (room := room - len(tokenizer.encode(f" {hotwords[kept - 1]},"))) >= 0:
        kept -= 1
    if kept:
        fit = len(hotwords) - kept
        log.warning("the models are told the last %d of %d hotwords; more don't fit", fit, len(hotwords))
    return hotwords[kept:]


def likeliest(told: Sequence[tuple[str, float]], how: Hearing) -> tuple[str, float]:
    """The likeliest of those that may be, or where that is not sure, the one that is presumed.

    `told`: every language that the model knows with its probability, the likeliest first. The probabilities
    stay those among all: a model that takes German for Dutch is not sure of either of German and English.
    """
    possible = [item for item in told if item[0] in how.among] or list(told)
    language, probability = possible[0]
    if probability < SURE:
        return next((item for item in possible if item[0] == how.presumed), (language, probability))
    return language, probability


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
