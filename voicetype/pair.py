"""Who hears, on the two workers: which models or servers, how far they are loaded, and others instead.

Rule 1. A choice is fetched and loaded beside the workers, which hear on with what they have; one unit after
the other, for each takes more memory while it is converted than ever after.
Rule 2. A worker without a model takes the new one at once. Those with a model change between two dictations,
both together, and the memory of the old ones is given back.
Rule 3. What confirms and was not used for a while leaves the memory, and is loaded again with the next
dictation, while the fast model listens already. Until then it counts as loaded, whatever else is chosen
meanwhile and can't be had.
Rule 4. Where one of two can't be had, the other one dictates alone, and each dictation tries anew to have
both. A model that hangs is loaded again, once: what was left behind keeps its memory.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from voicetype.choice import Choice, Unit, Wanted, heard_language
from voicetype.engine.memory import give_back
from voicetype.engine.progress import Bar, Unwanted
from voicetype.errors import ModelError, VoicetypeError
from voicetype.nap import Nap
from voicetype.opening import Opened, OpenUnit, opened
from voicetype.strategies import FAST, HEAVY, ROLES
from voicetype.workers import Worker

log = logging.getLogger(__name__)

_HUNG = 2  # times, after which a model is not loaded again by itself

_TIDIES_S = 2.0  # after a dictation, unless the next one has begun: it takes a tenth of a second

_GOODBYE_S = 5.0  # for a model that is being loaded when the program ends


class LoadedPair:
    """The workers and the choice they go by. Any thread may call; implements `parts.Models`."""

    def __init__(self, wanted: Wanted, open_unit: OpenUnit, failed: Callable[[VoicetypeError], None]) -> None:
        """Begins to load at once. `failed` is told, on a thread of its own, of a model that can't be had."""
        self._open_unit, self._tell_failed = open_unit, failed
        self._changed: Callable[[], None] = lambda: None
        self._bar = Bar()
        self.fast = Worker(FAST, lambda: self._hangs(FAST))
        self.heavy = Worker(HEAVY, lambda: self._hangs(HEAVY))
        self._workers = {FAST: self.fast, HEAVY: self.heavy}
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._choice = Choice(wanted)
        # By role: those of the workers, and those that come back; those that wait for a dictation's end.
        self._loaded: dict[str, Unit] = {}
        self._new: list[Opened] = []
        self._returning: set[Unit] = set()
        self._failed: set[str] = set()  # roles whose model of this choice can't be had
        self._hung: Counter[str] = Counter()  # times in this choice, by role
        self._failure: VoicetypeError | None = None
        self._loading = ""
        self._dictating = self._closed = False
        self._nap = Nap(self._rest)
        self._tidying = Nap(give_back)
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
        return self._name(FAST, "" if ready else names.fast), self._name(HEAVY, "" if ready else names.heavy)

    def _name(self, role: str, otherwise: str) -> str:
        unit = self._loaded.get(role)
        resting = unit.model(role) if unit and not unit.server else None
        return self._workers[role].name or (resting.name if resting else otherwise)

    def ready(self) -> bool:
        """Whether both can hear, or one of them where the other can't be had.

        One that left the memory comes back by itself.
        """
        missing = {role for role in ROLES if not self._workers[role].ready and role not in self._loaded}
        return missing <= self._failed and len(missing) < len(ROLES)

    def wait_ready(self) -> bool:
        """Block until both are loaded; False where one could not be."""
        return self.fast.wait_ready() and self.heavy.wait_ready()

    def use(self, wanted: Wanted) -> None:
        """Fetch and load these, and hear with them from the next dictation on.

        Raises ModelError for an unknown name and for a folder without a model.
        """
        choice = Choice(wanted)
        with self._lock:
            if wanted == self._choice.wanted and self._failure is None:
                return
            self._choice, self._failure, self._new, self._failed = choice, None, [], set()
            self._hung.clear()
            self._begin()

    def again(self) -> None:
        """Try once more to have what is missing. Raises ModelError, as `use` does."""
        with self._lock:
            if self.failure:
                self.use(self._choice.wanted)

    def dictating(self, active: bool) -> None:
        """Whether a dictation runs: no model changes then (rule 2), and both are wanted (rule 3)."""
        with self._lock:
            self._dictating = active
            self._nap.give_up()
            self._tidying.give_up()
            if not active:
                self._settle()
                self._rest_later()
                self._tidying.begin(_TIDIES_S)
                return
            for role, unit in self._loaded.items():
                if self._workers[role].ready:
                    self._workers[role].wake()
                else:
                    self._return(unit)
            if not self._loading and any(self._hung[role] < _HUNG for role in self._failed):
                self._load()

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        return self._choice.listing()

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        units = dict.fromkeys(self._loaded.values())
        return heard_language(wanted, [model.name for unit in units for model in unit.own])

    def close(self) -> None:
        """End both workers. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = self._dictating = True  # nothing changes any more
            self._nap.give_up()
            self._tidying.give_up()
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
            self._fail(choice, ROLES, error)
        else:
            with self._opening:
                new = [had for unit in choice.units() if (had := self._loaded_anew(choice, unit))]
            with self._lock:
                if choice is self._choice:
                    self._new = new
                    self._settle()
                elif new:  # loaded for nothing
                    new = []
                    give_back()
        self._loaded_all(choice)

    def _loaded_all(self, choice: Choice) -> None:
        """Nothing more is to be loaded, or can be."""
        with self._lock:
            if choice is self._choice and not self._dictating:
                self._rest_later()
        self._say(choice, "")

    def _loaded_anew(self, choice: Choice, unit: Unit) -> Opened | None:
        """A unit, where a worker waits for another to be taken from it."""
        if self._closed or choice is not self._choice or self._is_loaded(unit):
            return None
        try:
            had = self._opened(choice, unit)
        except VoicetypeError as error:
            give_back()
            self._fail(choice, unit.shape.roles, error)
            return None
        with self._lock:
            if current := choice is self._choice:
                if any(self._workers[role].ready for role in unit.shape.roles):
                    return had
                self._take(had)
        del had
        if current:
            self._changed()
        else:
            give_back()
        return None

    def _opened(self, choice: Choice, unit: Unit) -> Opened:
        names = " and ".join(model.name for model in unit.own)
        self._say(choice, f"Loading {names}" if names else "Connecting to the server")
        return opened(unit, self._open_unit, self.fast.wait_heard)

    def _is_loaded(self, unit: Unit) -> bool:
        return all(self._loaded.get(role) == unit for role in unit.shape.roles)

    def _hangs(self, role: str) -> None:
        """A worker has left its model behind."""
        with self._lock:
            self._hung[role] += 1
            unit = self._loaded.get(role)
            if unit is None or self._closed:
                return
            if self._hung[role] < _HUNG:
                self._return(unit)
                return
            lost = [each for each in unit.shape.roles if self._loaded.get(each) is unit]
            for each in lost:
                del self._loaded[each]
        error = ModelError(f"{unit} hangs again and again.", "Restart voicetype.")
        self._fail(self._choice, lost, error)

    def _return(self, unit: Unit) -> None:
        """Load what has left its workers."""
        if unit not in self._returning:
            self._returning.add(unit)
            threading.Thread(target=self._bring_back, args=(unit,), name="models", daemon=True).start()

    def _bring_back(self, unit: Unit) -> None:
        """Unless another one takes its place meanwhile."""
        with self._opening:
            if self._is_missed(unit) and not self._closed:
                try:
                    had = self._opened(self._choice, unit)
                except VoicetypeError as error:
                    self._has_not_returned(unit, error)
                else:
                    with self._lock:
                        if self._is_missed(unit):  # else the end of a dictation brought another
                            self._take(had)
                    del had
            self._returning.discard(unit)
        self._loaded_all(self._choice)

    def _is_missed(self, unit: Unit) -> bool:
        """Whether a worker of it waits: it may have hung again, or another one been taken in its place."""
        mine = [role for role in unit.shape.roles if self._loaded.get(role) is unit]
        return any(not self._workers[role].ready for role in mine)

    def _has_not_returned(self, unit: Unit, error: VoicetypeError) -> None:
        with self._lock:
            mine = [role for role in unit.shape.roles if self._loaded.get(role) is unit]
            for role in mine:
                del self._loaded[role]
        if mine:
            self._fail(self._choice, mine, error)

    def _settle(self) -> None:
        """Between two dictations: the new models take the old ones' place."""
        if self._dictating or not self._new:
            return
        for had in self._new:
            self._take(had)
        self._new = []
        give_back()
        self._changed()

    def _take(self, had: Opened) -> None:
        for role, model in had.hears.items():
            self._loaded[role] = had.unit
            self._failed.discard(role)
            self._workers[role].take(model, had.usual_s)
            if self._dictating:
                self._workers[role].wake()
        if not self._failed:
            self._failure = None

    def _rest_later(self) -> None:
        self._nap.begin(self._choice.config.unload_after_s)

    def _rest(self) -> None:
        """What rests leaves the memory; `_loaded` remembers that it comes back."""
        with self._lock:
            if self._dictating or self._loading or not (self.fast.ready and self.heavy.ready):
                return
            resting = [role for role, unit in self._loaded.items() if unit.shape.rests]
            for role in resting:
                self._workers[role].take(None)
                self._workers[role].expect()
            if resting:
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
