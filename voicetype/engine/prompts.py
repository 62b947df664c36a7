"""What a decoder is told of a language, and which language it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicetype.core.spoken import AUTO, SURE
from voicetype.engine import Hearing


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens before the text, and those that it may not say."""

    tokenizer: Any
    tokens: list[int]
    suppressed: list[int]


class Prompts:
    """A model's prompts, by language, each made when it is first asked for. Owned by the model's thread."""

    def __init__(self, model: Any) -> None:
        """`model`: a loaded faster_whisper.WhisperModel."""
        self._model = model
        self._model.hf_tokenizer = repaired(model.hf_tokenizer)
        self._made: dict[str, Prompt] = {}

    def of(self, language: str) -> Prompt:
        """The prompt for a language's code."""
        if language not in self._made:
            self._made[language] = self._make(language)
        return self._made[language]

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

    def _make(self, language: str) -> Prompt:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = self._model.model.is_multilingual
        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
        tokens = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        return Prompt(tokenizer, tokens, list(get_suppressed_tokens(tokenizer, [-1])))


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
