"""Both models, each on its worker: which they are, how far they are loaded, and others instead.

Rule 1. A choice of models is fetched and loaded beside the workers, which hear on with those they have; one
model after the other, for each takes more memory while it is converted than ever after.
Rule 2. A worker without a model takes the new one at once. Those with a model change between two dictations,
both together, and the memory of the old ones is given back.
Rule 3. A heavy model that was not used for a while leaves the memory, and is loaded again with the next
dictation, while the fast one listens already. Until then it counts as one that is loaded, whatever else is
chosen meanwhile and can't be had.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from voicetype.choice import Choice, ChosenModel, heard_language
from voicetype.config import ModelsConfig
from voicetype.engine import EngineOptions, Transcriber, models, speeds
from voicetype.engine.memory import give_back
from voicetype.engine.progress import Bar
from voicetype.errors import ModelError, VoicetypeError
from voicetype.workers import Worker, be_nice

log = logging.getLogger(__name__)

OpenModel = Callable[[Path, str, EngineOptions], Transcriber]
"""Loads the model of a name from its folder and warms it up. Raises ModelError."""

_ROLES = (
    "heavy",
    "fast",
)  # the heavy one first: its conversion is the peak, and comes not on top of the other

_GOODBYE_S = 10.0  # for a model that is being loaded when the program ends


class LoadedPair:
    """The workers and the choice they go by. Any thread may call; implements `parts.Models`."""

    def __init__(
        self,
        config: ModelsConfig,
        threads: int,
        open_model: OpenModel,
        failed: Callable[[VoicetypeError], None],
    ) -> None:
        """Begins to load at once. `failed` is told, on a thread of its own, of a model that can't be had.

        `threads` of the processor are each model's.
        """
        self._open_model, self._tell_failed = open_model, failed
        self._changed: Callable[[], None] = lambda: None
        self._bar = Bar()
        self.fast, self.heavy = Worker("fast"), Worker("heavy")
        self._workers = {"fast": self.fast, "heavy": self.heavy}
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._choice = Choice(config, threads)
        # By role: those of the workers, and the heavy one that rests; those that wait for a dictation's end.
        self._loaded: dict[str, ChosenModel] = {}
        self._new: dict[str, tuple[ChosenModel, Transcriber]] = {}
        self._waking = False
        self._failure: VoicetypeError | None = None
        self._loading = ""
        self._dictating = self._closed = False
        self._nap: threading.Timer | None = None
        self._begin()

    @property
    def failure(self) -> VoicetypeError | None:
        """Why a model is missing, where one is."""
        return None if self.ready() else self._failure

    @property
    def loading(self) -> str:
        """What is being fetched or loaded, as a sentence; empty: nothing is."""
        return self._loading

    def watch(self, changed: Callable[[], None]) -> None:
        """`changed` is called, on any thread, when one of these answers has changed."""
        self._changed = changed

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come."""
        names, resting = self._choice.names, self._loaded.get("heavy")
        heavy = self.heavy.name or (resting.name if resting else names.heavy)
        return self.fast.name or names.fast, heavy

    def ready(self) -> bool:
        """Whether both can hear; a heavy model that left the memory comes back by itself."""
        return self.fast.ready and (self.heavy.ready or "heavy" in self._loaded)

    def wait_ready(self) -> bool:
        """Block until both are loaded; False where one could not be."""
        return self.fast.wait_ready() and self.heavy.wait_ready()

    def use(self, config: ModelsConfig, threads: int) -> None:
        """Fetch and load these, and hear with them from the next dictation on.

        Raises ModelError for an unknown name and for a folder without a model.
        """
        choice = Choice(config, threads)
        with self._lock:
            same = (choice.config, choice.options) == (self._choice.config, self._choice.options)
            if same and self._failure is None:
                return
            self._choice, self._failure, self._new = choice, None, {}
            self._begin()

    def again(self) -> None:
        """Try once more to have what is missing. Raises ModelError, as `use` does."""
        with self._lock:
            if self.failure:
                self.use(self._choice.config, self._choice.options.threads)

    def dictating(self, active: bool) -> None:
        """Whether a dictation runs: no model changes then (rule 2), and both are wanted (rule 3)."""
        with self._lock:
            self._dictating = active
            if self._nap:
                self._nap.cancel()
            if not active:
                self._settle()
                self._rest_later()
            elif "heavy" in self._loaded and not self.heavy.ready and not self._waking:
                self._waking = True
                threading.Thread(target=self._wake, name="models", daemon=True).start()

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        choice = self._choice
        known = models.listing(choice.config.folder, speeds.of(choice.config.folder, choice.options))
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        return heard_language(wanted, self.names())

    def close(self) -> None:
        """End both workers. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = self._dictating = True  # nothing changes any more
            if self._nap:
                self._nap.cancel()
        self.fast.close()
        self.heavy.close()
        # Kept for good. Python ends a thread that comes back from C++ at its exit, and C++ aborts at that.
        self._opening.acquire(timeout=_GOODBYE_S)

    # loading, on threads of its own

    def _begin(self) -> None:
        """Load what the choice names and is not loaded."""
        for worker in self._workers.values():
            worker.expect()
        threading.Thread(target=self._bring, args=(self._choice,), name="models", daemon=True).start()

    def _bring(self, choice: Choice) -> None:
        """Fetch and load a choice, unless another one takes its place meanwhile."""
        try:
            choice.obtain(lambda *step: self._fetching(choice, *step))
        except VoicetypeError as error:
            self._fail(choice, _ROLES, error)
        else:
            with self._opening:
                new = {role: model for role in _ROLES if (model := self._loaded_anew(choice, role))}
            with self._lock:
                if choice is self._choice:
                    self._new = new
                    self._settle()
                elif new:  # loaded for nothing
                    new = {}
                    give_back()
        self._loaded_all(choice)

    def _loaded_all(self, choice: Choice) -> None:
        """Nothing more is to be loaded, or can be."""
        with self._lock:
            if choice is self._choice and not self._dictating:
                self._rest_later()
        self._say(choice, "")

    def _loaded_anew(self, choice: Choice, role: str) -> tuple[ChosenModel, Transcriber] | None:
        """The model of a role, where its worker waits for another to be taken from it."""
        wanted, worker = choice.model(role), self._workers[role]
        if self._closed or choice is not self._choice or self._loaded.get(role) == wanted:
            return None
        self._say(choice, f"Loading {wanted.name}")
        try:
            model = self._opened(role, wanted)
        except VoicetypeError as error:
            self._fail(choice, (role,), error)
            return None
        with self._lock:
            if current := choice is self._choice:
                if worker.ready:
                    return wanted, model
                self._loaded[role] = wanted
                worker.take(model)
        del model
        if current:
            self._changed()
        else:
            give_back()
        return None

    def _wake(self) -> None:
        """Load the heavy model that left the memory, unless another one takes its place meanwhile."""
        with self._opening:
            wanted = self._loaded["heavy"]
            if not self.heavy.ready and not self._closed:
                self._say(self._choice, f"Loading {wanted.name}")
                try:
                    model = self._opened("heavy", wanted)
                except VoicetypeError as error:
                    del self._loaded["heavy"]
                    self._fail(self._choice, ("heavy",), error)
                else:
                    self.heavy.take(model)
            self._waking = False
        self._loaded_all(self._choice)

    def _opened(self, role: str, wanted: ChosenModel) -> Transcriber:
        """Load a model on a thread with its worker's niceness. Raises VoicetypeError."""
        opened: list[Transcriber] = []
        failed: list[Exception] = []

        def load() -> None:
            try:
                be_nice(role)
                opened.append(self._open_model(wanted.folder, wanted.name, wanted.options))
            except Exception as error:  # noqa: BLE001  # the libraries below raise what they like; told below
                failed.append(error)

        thread = threading.Thread(target=load, name=f"load-{role}", daemon=True)
        thread.start()
        thread.join()
        for error in failed:
            if isinstance(error, VoicetypeError):
                raise error
            log.error("loading the %s model failed", role, exc_info=error)
            raise ModelError(
                f"The {role} model could not be loaded: {error}",
                "Remove it with `voicetype models remove NAME`, and fetch it again.",
            ) from error
        return opened[0]

    def _settle(self) -> None:
        """Between two dictations: the new models take the old ones' place."""
        if self._dictating or not self._new:
            return
        for role, (wanted, model) in self._new.items():
            self._loaded[role] = wanted
            self._workers[role].take(model)
        self._new = {}
        give_back()
        self._changed()

    def _rest_later(self) -> None:
        if self._nap:
            self._nap.cancel()
        if seconds := self._choice.config.unload_after_s:
            self._nap = threading.Timer(seconds, self._rest)
            self._nap.daemon = True
            self._nap.start()

    def _rest(self) -> None:
        """The heavy model leaves the memory; `_loaded` remembers that it comes back."""
        with self._lock:
            if self._dictating or self._loading or not (self.fast.ready and self.heavy.ready):
                return
            self.heavy.take(None)
            self.heavy.expect()
            give_back()
        log.info("The heavy model has left the memory; the next dictation brings it back.")

    def _fetching(self, choice: Choice, name: str, done: int, total: int) -> None:
        self._bar(name, done, total)
        if total:
            self._say(choice, f"Fetching {name}: {done // 10**6} of {total // 10**6} MB")

    def _say(self, choice: Choice, loading: str) -> None:
        with self._lock:  # or what an older choice says last would stay
            if choice is not self._choice or loading == self._loading:
                return
            self._loading = loading
        self._changed()

    def _fail(self, choice: Choice, roles: Sequence[str], error: VoicetypeError) -> None:
        """Those who have a model keep it; those who wait for one wait no longer."""
        with self._lock:
            if choice is not self._choice:
                return
            for role in roles:
                if role not in self._loaded:
                    self._workers[role].take(None)
            told, self._failure = self._failure, error
        if told is None or told.sentence != error.sentence:  # both fail for the same reason
            self._tell_failed(error)
        self._changed()
