"""A model on another machine: any server with OpenAI's `/v1/audio/transcriptions`.

What is sent: the audio of a window, which is the open utterance's and nothing else, the language, and the
names that the user wants to be known. Nothing is sent while nobody speaks, for then there is no window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from voicetype.config import RemoteConfig
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO
from voicetype.core.verification import MADE_UP, MADE_UP_DRAFT, Standing
from voicetype.core.vocabulary import without_echoes
from voicetype.core.wording import split
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.guards import LONGEST_S
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.remote_answers import Answer, gains, read
from voicetype.engine.remote_calls import Calls
from voicetype.engine.remote_server import Refused, at
from voicetype.engine.remote_sound import encoded

_LOADING_S = 60.0  # a server may load its model with the first question
_AWAKE_S = 120.0  # behind a question; some let go of it after five minutes
_PROMPT_LENGTH = 600  # characters; a server cuts off what is over 224 tokens, from the left
_SHORTEST_SAMPLES = SAMPLE_RATE // 4  # some refuse less than a tenth of a second
_VERBOSE = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
_PLAIN = {"response_format": "json"}


class Remote:
    """A Transcriber; one thread at a time calls it. Whatever the server does raises ServerError, in time."""

    def __init__(self, config: RemoteConfig, key: str, outgoing: Outgoing) -> None:
        """Connects with the first call. Raises ConfigError for what can be no server."""
        server = at(config.address, insecure=config.insecure, key=key, ca_file=config.ca_file)
        self._config, self._server, self._outgoing = config, server, outgoing
        self._calls = Calls(server)
        self._form = _VERBOSE
        self._awake_until = 0.0  # monotonic seconds

    @property
    def name(self) -> str:
        """The model and where it is."""
        return f"{self._config.model} at {self._server.host}"

    def warm_up(self, patience_s: float = _LOADING_S) -> None:
        """Connect, and have the server load its model: a second of silence is sent. Raises ServerError."""
        until = time.monotonic() + patience_s
        self._ask(np.zeros(SAMPLE_RATE, np.float32), Hearing("en"), "en", until)

    def wake(self) -> None:
        """As `warm_up`, where it was not asked for a while. Raises ServerError."""
        if time.monotonic() >= self._awake_until:
            self.warm_up()

    def close(self) -> None:
        """Hang up. Safe to call twice, and not to call."""
        self._calls.close()

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """The text of `audio`, shape (n,), of which the last 30 s are heard. Raises ServerError."""
        return self.verify(audio, how, Standing)

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As `transcribe`, with what each word is worth beside the draft's: a server judges no draft."""
        speech = audio[-round(LONGEST_S * SAMPLE_RATE) :]
        answer = self._answer(speech, how) if len(speech) else Answer("")
        if answer is None:
            return None
        heard = answer.heard(len(speech) / SAMPLE_RATE, voiced=how.voiced)
        standing = draft()
        supported = standing.text or how.voiced
        sure = without_echoes(split(heard.text), heard.probabilities, how.hotwords)
        made_up = heard.made_up(sure, MADE_UP_DRAFT if supported else MADE_UP)
        if made_up and not (standing.text and standing.vouched):
            return Hypothesis("", language=answer.language)
        said = Hypothesis(heard.text, language=answer.language)
        if not answer.by_word:  # a mean tells whether to believe it, and not which word
            return said
        sure = heard.probabilities
        return replace(said, probabilities=sure, gains=gains(standing, heard.text, sure))

    def _answer(self, speech: Audio, how: Hearing) -> Answer | None:
        """What the server hears; again where that is in a language that nobody here speaks."""
        among = how.among if how.language == AUTO else (how.language,)
        told = among[0] if len(among) == 1 else ""
        until = time.monotonic() + self._config.timeout_s  # for all that it takes
        answer = self._ask(speech, how, told, until)
        if answer is None or told or not among or not answer.language or answer.language in among:
            return answer
        presumed = how.presumed if how.presumed in among else among[0]
        return self._ask(speech, how, presumed, until)

    def _ask(self, speech: Audio, how: Hearing, language: str, until: float) -> Answer | None:
        try:
            body = self._posted(speech, how, language, until)
        except Refused:
            if self._form is _PLAIN:
                raise
            self._form = _PLAIN  # newer models of some clouds know no other
            body = self._posted(speech, how, language, until)
        if body is None:
            return None
        try:
            answer = read(body)
        except ValueError:
            # Not "from" it: that error quotes what the server said.
            raise self._server.nonsense("it is no JSON with a text") from None
        return replace(answer, language=language or answer.language)

    def _posted(self, speech: Audio, how: Hearing, language: str, until: float) -> bytes | None:
        form = {"model": self._config.model, "temperature": "0", **self._form}
        form |= {"language": language} if language else {}
        form |= {"prompt": prompt} if (prompt := prompted(how.hotwords)) else {}
        kind = self._config.format
        padded = np.pad(speech, (0, max(0, _SHORTEST_SAMPLES - len(speech))))
        sound = f"speech.{kind}", encoded(padded, kind), f"audio/{kind}"
        self._awake_until = time.monotonic() + _AWAKE_S
        with self._outgoing.to(self._server.host):
            return self._calls.post(form, sound, how.superseded, until)


def prompted(hotwords: Sequence[str]) -> str:
    """What biases a server towards these words: as many as it takes of the last, the most important ones."""
    kept: list[str] = []
    for word in reversed(hotwords):
        if sum(map(len, kept)) + 2 * len(kept) + len(word) > _PROMPT_LENGTH:
            break
        kept.insert(0, word)
    return ", ".join(kept)
