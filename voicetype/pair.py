"""Both models, each on its worker: which they are, how far they are loaded, and others instead.

Rule 1. A choice of models is fetched and loaded beside the workers, which hear on with those they have; one
model after the other, for each takes more memory while it is converted than ever after.
Rule 2. A worker without a model takes the new one at once. Those with a model change between two dictations,
both together, and the memory of the old ones is given back.
Rule 3. A heavy model that was not used for a while leaves the memory, and is loaded again with the next
dictation, while the fast one listens already. Until then it counts as one that is loaded, whatever else is
chosen meanwhile and can't be had.
Rule 4. Where one of the two can't be had, the other one dictates alone, and each dictation tries anew to have
both. A model that hangs is loaded again, once: what was left behind keeps its memory.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from voicetype.choice import Choice, ChosenModel, heard_language
from voicetype.config import ModelsConfig
from voicetype.engine.memory import give_back
from voicetype.engine.progress import Bar, Unwanted
from voicetype.errors import ModelError, VoicetypeError
from voicetype.opening import Opened, OpenModel, opened
from voicetype.workers import Worker

log = logging.getLogger(__name__)

_ROLES = ("heavy", "fast")
"""The heavy one first: its conversion is the peak, and comes not on top of the other."""

_HUNG = 2  # times, after which a model is not loaded again by itself

_GOODBYE_S = 5.0  # for a model that is being loaded when the program ends


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
        self.fast = Worker("fast", lambda: self._hangs("fast"))
        self.heavy = Worker("heavy", lambda: self._hangs("heavy"))
        self._workers = {"fast": self.fast, "heavy": self.heavy}
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._choice = Choice(config, threads)
        # By role: those of the workers, and those that come back; those that wait for a dictation's end.
        self._loaded: dict[str, ChosenModel] = {}
        self._new: dict[str, Opened] = {}
        self._returning: set[str] = set()
        self._failed: set[str] = set()  # roles whose model of this choice can't be had
        self._hung: Counter[str] = Counter()  # times in this choice, by role
        self._failure: VoicetypeError | None = None
        self._loading = ""
        self._dictating = self._closed = False
        self._nap: threading.Timer | None = None
        self._begin()

    @property
    def failure(self) -> VoicetypeError | None:
        """Why nothing can be dictated, where no model is to be had."""
        return None if self.ready() else self._failure

    @property
    def loading(self) -> str:
        """What is being fetched or loaded, as a sentence; empty: nothing is."""
        return self._loading

    def watch(self, changed: Callable[[], None]) -> None:
        """`changed` is called, on any thread, when one of these answers has changed."""
        self._changed = changed

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come.

        Empty for one that can't be had, while the other one dictates alone.
        """
        names, ready = self._choice.names, self.ready()
        return self._name("fast", "" if ready else names.fast), self._name(
            "heavy", "" if ready else names.heavy
        )

    def _name(self, role: str, otherwise: str) -> str:
        loaded = self._loaded.get(role)
        return self._workers[role].name or (loaded.name if loaded else otherwise)

    def ready(self) -> bool:
        """Whether both can hear, or one of them where the other can't be had.

        A heavy model that left the memory comes back by itself.
        """
        missing = {role for role in _ROLES if not self._workers[role].ready and role not in self._loaded}
        return missing <= self._failed and len(missing) < len(_ROLES)

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
            self._choice, self._failure, self._new, self._failed = choice, None, {}, set()
            self._hung.clear()
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
                return
            for role in self._loaded:
                if not self._workers[role].ready:
                    self._return(role)
            if not self._loading and any(self._hung[role] < _HUNG for role in self._failed):
                self._load()

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        return self._choice.listing()

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        return heard_language(wanted, [name for name in self.names() if name])

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
        self._load()

    def _load(self) -> None:
        threading.Thread(target=self._bring, args=(self._choice,), name="models", daemon=True).start()

    def _bring(self, choice: Choice) -> None:
        """Fetch and load a choice, unless another one takes its place meanwhile."""
        try:
            choice.obtain(lambda *step: self._fetching(choice, *step))
        except VoicetypeError as error:
            self._fail(choice, _ROLES, error)
        else:
            with self._opening:
                new = {role: had for role in _ROLES if (had := self._loaded_anew(choice, role))}
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

    def _loaded_anew(self, choice: Choice, role: str) -> Opened | None:
        """The model of a role, where its worker waits for another to be taken from it."""
        wanted, worker = choice.model(role), self._workers[role]
        if self._closed or choice is not self._choice or self._loaded.get(role) == wanted:
            return None
        self._say(choice, f"Loading {wanted.name}")
        try:
            had = opened(role, wanted, self._open_model)
        except VoicetypeError as error:
            give_back()
            self._fail(choice, (role,), error)
            return None
        with self._lock:
            if current := choice is self._choice:
                if worker.ready:
                    return had
                self._take(role, had)
        del had
        if current:
            self._changed()
        else:
            give_back()
        return None

    def _hangs(self, role: str) -> None:
        """A worker has left its model behind."""
        with self._lock:
            self._hung[role] += 1
            if role not in self._loaded or self._closed:
                return
            if self._hung[role] < _HUNG:
                self._return(role)
                return
            name = self._loaded.pop(role).name
        error = ModelError(f"The {role} model {name} hangs again and again.", "Restart voicetype.")
        self._fail(self._choice, (role,), error)

    def _return(self, role: str) -> None:
        """Load a model that has left its worker."""
        if role not in self._returning:
            self._returning.add(role)
            threading.Thread(target=self._bring_back, args=(role,), name="models", daemon=True).start()

    def _bring_back(self, role: str) -> None:
        """Unless another one takes its place meanwhile."""
        with self._opening:
            wanted, worker = self._loaded.get(role), self._workers[role]  # none: it has hung again meanwhile
            if wanted and not worker.ready and not self._closed:
                self._say(self._choice, f"Loading {wanted.name}")
                try:
                    had = opened(role, wanted, self._open_model)
                except VoicetypeError as error:
                    self._has_not_returned(role, wanted, error)
                else:
                    with self._lock:
                        if self._loaded.get(role) is wanted:  # else the end of a dictation brought another
                            worker.take(had.model, had.usual_s)
                    del had
            self._returning.discard(role)
        self._loaded_all(self._choice)

    def _has_not_returned(self, role: str, wanted: ChosenModel, error: VoicetypeError) -> None:
        with self._lock:
            if self._loaded.get(role) is not wanted:
                return
            del self._loaded[role]
        self._fail(self._choice, (role,), error)

    def _settle(self) -> None:
        """Between two dictations: the new models take the old ones' place."""
        if self._dictating or not self._new:
            return
        for role, had in self._new.items():
            self._take(role, had)
        self._new = {}
        give_back()
        self._changed()

    def _take(self, role: str, had: Opened) -> None:
        self._loaded[role] = had.chosen
        self._failed.discard(role)
        if not self._failed:
            self._failure = None
        self._workers[role].take(had.model, had.usual_s)

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
        if choice is not self._choice or self._closed:
            raise Unwanted(name)
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
            self._failed |= set(roles)
            for role in roles:
                if role not in self._loaded:
                    self._workers[role].take(None)
            told, self._failure = self._failure, error
        if told is None or told.sentence != error.sentence:  # both fail for the same reason
            self._tell_failed(error)
        self._changed()
