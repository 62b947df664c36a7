"""What hears for the workers, put together from models and servers as a unit has it.

Each function below is one kind of unit. What a kind does not need is not imported.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import partial

from voicetype.calls import CallThread
from voicetype.choice import ChosenModel, Unit
from voicetype.engine import Transcriber
from voicetype.engine.outgoing import Outgoing
from voicetype.errors import KeyRefused, VoicetypeError
from voicetype.opening import DraftsHeard, OpenModel, in_time
from voicetype.strategies import FAST, HEAVY, Kind
from voicetype.workers import be_nice

Hears = Mapping[str, Transcriber]


class Assembly:
    """Opens units; an `opening.OpenUnit`. Any thread may call."""

    def __init__(
        self, open_model: OpenModel, failed: Callable[[VoicetypeError], None], outgoing: Outgoing
    ) -> None:
        """`failed` is told when a server is gone, `outgoing` what is sent to one."""
        self._open_model, self._failed, self._outgoing = open_model, failed, outgoing

    def __call__(self, unit: Unit, drafts_heard: DraftsHeard) -> Hears:
        """Who hears, by role. Raises VoicetypeError."""
        match unit.shape.kind:
            case Kind.MODEL:
                return {unit.shape.roles[0]: self._open_model(unit.own[0])}
            case Kind.SHARED:
                return self._shared(unit, drafts_heard)
            case Kind.GATED:
                return self._gated(unit, drafts_heard)
            case Kind.IN_TURNS:
                return self._in_turns(unit)
            case Kind.REMOTE:
                return self._remote(unit)
            case Kind.STREAMING:
                return self._streaming(unit)

    def _shared(self, unit: Unit, drafts_heard: DraftsHeard) -> Hears:
        from voicetype.engine.sharing import Shared

        return dict.fromkeys(unit.shape.roles, Shared(self._open_model(unit.own[0]), drafts_heard))

    def _gated(self, unit: Unit, drafts_heard: DraftsHeard) -> Hears:
        from voicetype.engine.gate import Gate

        model = self._shared(unit, drafts_heard)[FAST]
        return dict.fromkeys(unit.shape.roles, Gate(model, drafts_heard))

    def _in_turns(self, unit: Unit) -> Hears:
        from voicetype.engine.in_turns import InTurns, Slot

        models = {role: model for role in unit.shape.roles if (model := unit.model(role))}
        # A thread each, from the start: one that a heavy model's thread began would have its niceness.
        threads = {role: CallThread(f"load-{role}", partial(be_nice, role)) for role in models}
        loads = {role: partial(self._loaded, role, model, threads[role]) for role, model in models.items()}
        slot = Slot(loads, home=FAST)
        for thread in threads.values():
            weakref.finalize(slot, thread.end)
        slot.prepare()
        return {role: InTurns(slot, role, model.name) for role, model in models.items()}

    def _loaded(self, role: str, model: ChosenModel, thread: CallThread) -> Transcriber:
        what = f"The {role} model {model.name}"
        return in_time(thread, what, str(model.folder), lambda: self._open_model(model))

    def _remote(self, unit: Unit) -> Hears:
        from voicetype.config import RemoteConfig
        from voicetype.engine.remote import Remote
        from voicetype.secrets import key_of

        server = unit.server
        assert isinstance(server, RemoteConfig)

        def opened() -> Hears:
            key = key_of(server.key_file, server.key_in_keyring, server.address)
            return {HEAVY: Remote(server, key, self._outgoing)}

        return self._served(unit, opened)

    def _streaming(self, unit: Unit) -> Hears:
        from voicetype.config import StreamingConfig
        from voicetype.engine.streaming import open_streams
        from voicetype.secrets import key_of

        server = unit.server
        assert isinstance(server, StreamingConfig)

        def opened() -> Hears:
            key = key_of(server.key_file, server.key_in_keyring, server.address)
            return dict(zip((FAST, HEAVY), open_streams(server, key, self._outgoing), strict=True))

        return self._served(unit, opened)

    def _served(self, unit: Unit, open_: Callable[[], Hears]) -> Hears:
        """A server, and models of this machine that stand by. Raises KeyRefused where there are none."""
        from voicetype.engine.relief import Breaker, Relief
        from voicetype.engine.served import Opening, Served

        opening, breaker = Opening(open_), Breaker(self._failed)
        models = {role: self._later(unit, role) for role in unit.shape.roles}
        try:
            opening.open()
        except KeyRefused as error:
            standing_by = next(filter(None, models.values()), None)
            if standing_by is None:
                raise
            breaker.failed(error, standing_by.name)
        # A streaming server whose drafts come may still be late with what is to last.
        breakers = {HEAVY: breaker} if len(models) == 1 else {FAST: breaker, HEAVY: breaker.part()}
        return {role: Relief(Served(opening, role), model, breakers[role]) for role, model in models.items()}

    def _later(self, unit: Unit, role: str) -> Transcriber | None:
        """The model that stands by for a server."""
        from voicetype.engine.later import Later

        model = unit.model(role)
        return Later(model.name, lambda: self._open_model(model)) if model else None
