"""Speech to text; `Transcriber` is the seam, the same class serves as fast and as heavy model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from voicetype.core.verification import Standing
from voicetype.core.vocabulary import Vocabulary

if TYPE_CHECKING:  # the commands that only name models need no numpy
    import numpy as np
    from numpy.typing import NDArray

Audio: TypeAlias = "NDArray[np.float32]"
"""Samples in [-1, 1], shape (n,), 16 kHz, mono."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a model computes: CTranslate2's device and compute type, and processor threads."""

    device: str = "auto"
    compute_type: str = "auto"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a window is to be heard.

    `language`: a Whisper code, or "auto"; an English-only model hears English whatever it says. "auto" is one
    of `among`, any where that is empty; and `presumed` where the model is not sure.
    `careful`: a text that is to last, and may take as long as the padded window.
    `superseded`: asked half way, whether nobody wants the text any more.
    `voiced`: somebody does speak, however much the model doubts it.
    `vocabulary`: the user's own words.
    `utterance`, `phrase`: which of the session's, and which of the utterance's, the window begins with.
    `session`: which one, of those of this process. `start`: where the window begins, samples since its start.
    `to_pause`: the window ends in silence. `final`: no later one of the utterance is to last.
    """

    language: str
    beam_size: int = 1
    careful: bool = False
    superseded: Callable[[], bool] = lambda: False
    among: tuple[str, ...] = ()
    presumed: str = ""
    voiced: bool = False
    vocabulary: Vocabulary = Vocabulary()
    utterance: int = 0
    phrase: int = 0
    session: int = 0
    start: int = 0
    to_pause: bool = False
    final: bool = False

    @property
    def hotwords(self) -> tuple[str, ...]:
        """What is to be expected in the language, or whatever that is; the most important last."""
        return self.vocabulary.hotwords(self.language)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a model heard.

    `probabilities`: how sure it is of each word of `text` (`wording.split`), from 0 to 1; empty where beams
    were searched, which don't tell. `gains`: how much surer of it than of what stood in its place, from 0 to
    1; empty where it compared nothing. `verified`: `text` is a draft that it found plausible. `language`: the
    code of the one it was heard in, and how probable that is; empty where the model does not tell.
    """

    text: str
    probabilities: tuple[float, ...] = ()
    gains: tuple[float, ...] = ()
    verified: bool = False
    language: str = ""
    language_probability: float = 0.0


class Transcriber(Protocol):
    """A loaded model, without memory of what it heard before. Called by one thread at a time."""

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """The text of `audio`, shape (n,); None when it was superseded half way.

        Raises ModelError when the model fails.
        """

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As `transcribe`, but what is plausible of the draft's words is left as it stands.

        `draft` is asked for once the audio is encoded, so that the newest is judged. A doubt of words
        that were confirmed before counts where the text is to last.
        """


@runtime_checkable
class Wakeful(Protocol):
    """A Transcriber that is the quicker for being told in time."""

    def wake(self) -> None:
        """Somebody begins to speak. May take long."""
