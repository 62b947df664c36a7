"""The interface `org.voicetype.Daemon1`: its methods, properties and signals over what `Control` does.

A call runs on a thread of its own, in the order of the calls, so that a slow one delays no signal. What a
client asked wrongly, and what `Control` refuses, goes back as `org.voicetype.Error.*` with a sentence and,
on the line below it, a hint; never a traceback.
"""

# No `from __future__ import annotations` here: dbus-fast 5.2 reads the annotations, and stumbles over "None".

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from dbus_fast import Message, MessageType, PropertyAccess, Variant
from dbus_fast.annotations import DBusBool, DBusDict, DBusSignature, DBusStr
from dbus_fast.introspection import Interface
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from voicetype.client import NAME, PATH
from voicetype.control import Control, State, Status
from voicetype.core.events import TranscriptSegment
from voicetype.core.stream import to_fields
from voicetype.dbus_values import (
    check_language,
    check_models,
    invalid,
    named,
    plain_options,
    sendable,
    variants,
)
from voicetype.errors import VoicetypeError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_READ = PropertyAccess.READ


class Daemon1(ServiceInterface):
    """The methods, properties and signals. Lives on the bus's thread."""

    def __init__(self, control: Control) -> None:
        super().__init__(NAME)
        self._control = control
        self._status = control.status()
        self._calls = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="dbus-calls")
        self.under_way: set[asyncio.Task[Any]] = set()  # calls that have no answer yet
        self._signatures = {each.name: each.in_signature for each in self.introspect().methods}
        self.closing = asyncio.Event()  # set: a Stop that still waits answers ""

    # ── methods ──────────────────────────────────────────────────────────────────────────────

    @dbus_method(name="Start")
    async def start(self, options: DBusDict) -> None:
        plain = plain_options("Start", options, {"language": "s"})
        check_language(plain.get("language", "auto"))
        await self._call(lambda: self._control.start(plain))

    @dbus_method(name="Stop")
    async def stop(self) -> DBusStr:
        text: asyncio.Future[str] = asyncio.wrap_future(await self._call(self._control.stop))
        closing = asyncio.ensure_future(self.closing.wait())
        # `wait` leaves the future alone when this call is given up; awaiting it would cancel the daemon's.
        either: list[asyncio.Future[Any]] = [text, closing]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not text.done() or text.cancelled():
            return ""
        return sendable(await self._failing(text))

    @dbus_method(name="Cancel")
    async def cancel(self) -> None:
        await self._call(self._control.cancel)

    @dbus_method(name="Toggle")
    async def toggle(self) -> None:
        await self._call(self._control.toggle)

    @dbus_method(name="UndoLast")
    async def undo_last(self) -> DBusBool:
        done = asyncio.wrap_future(await self._call(self._control.undo_last))
        await self._failing(asyncio.shield(done))  # it goes on where this call is given up
        return True

    @dbus_method(name="SetLanguage")
    async def set_language(self, language: DBusStr) -> None:
        check_language(language)
        await self._call(lambda: self._control.set_language(language))

    @dbus_method(name="SetModels")
    async def set_models(self, fast: DBusStr, heavy: DBusStr) -> None:
        check_models(fast, heavy)
        await self._call(lambda: self._control.set_models(fast, heavy))

    @dbus_method(name="ListModels")
    async def list_models(self) -> Annotated[list[dict[str, Variant]], DBusSignature("aa{sv}")]:
        return [variants(model) for model in await self._call(self._control.list_models)]

    @dbus_method(name="Last")
    async def last(self) -> DBusStr:
        said = await self._call(self._control.last_texts)
        return sendable(said[0].text) if said else ""

    @dbus_method(name="LastTexts")
    async def last_texts(self) -> Annotated[list[dict[str, Variant]], DBusSignature("aa{sv}")]:
        return [variants(asdict(said)) for said in await self._call(self._control.last_texts)]

    @dbus_method(name="TypeLast")
    async def type_last(self, options: DBusDict) -> None:
        rest = bool(plain_options("TypeLast", options, {"rest": "b"}).get("rest"))
        done = asyncio.wrap_future(await self._call(lambda: self._control.type_last(rest=rest)))
        await self._failing(asyncio.shield(done))  # it goes on where this call is given up

    @dbus_method(name="Quit")
    async def quit(self) -> None:
        await self._call(self._control.quit)

    async def _call(self, work: Callable[[], _T]) -> _T:
        """Let the calls' thread do `work`; what it raises becomes a named error."""
        task = asyncio.current_task()
        assert task is not None
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await self._failing(asyncio.get_running_loop().run_in_executor(self._calls, work))

    async def _failing(self, work: asyncio.Future[_T]) -> _T:
        try:
            return await work
        except VoicetypeError as error:
            raise named(error) from error
        except Exception as error:
            _log.exception("A call over D-Bus failed")
            raise named(VoicetypeError("voicetype failed inside.", "Its log says where.")) from error

    # ── properties ───────────────────────────────────────────────────────────────────────────

    @dbus_property(_READ, name="State")
    def state(self) -> DBusStr:
        return self._status.state.value

    @dbus_property(_READ, name="Ready")
    def ready(self) -> DBusBool:
        return self._status.ready

    @dbus_property(_READ, name="Language")
    def language(self) -> DBusStr:
        return self._status.language

    @dbus_property(_READ, name="Strategy")
    def strategy(self) -> DBusStr:
        return self._status.strategy

    @dbus_property(_READ, name="FastModel")
    def fast_model(self) -> DBusStr:
        return sendable(self._status.fast_model)

    @dbus_property(_READ, name="HeavyModel")
    def heavy_model(self) -> DBusStr:
        return sendable(self._status.heavy_model)

    @dbus_property(_READ, name="Keyboard")
    def keyboard(self) -> DBusStr:
        return sendable(self._status.keyboard)

    @dbus_property(_READ, name="Hotkey")
    def hotkey(self) -> DBusStr:
        return sendable(self._status.hotkey)

    @dbus_property(_READ, name="Loading")
    def loading(self) -> DBusStr:
        return sendable(self._status.loading)

    @dbus_property(_READ, name="Sending")
    def sending(self) -> DBusStr:
        return sendable(self._status.sending)

    @dbus_property(_READ, name="Version")
    def version(self) -> DBusStr:
        return self._status.version

    # ── signals ──────────────────────────────────────────────────────────────────────────────

    @dbus_signal(name="Segment")
    def segment(self, event: TranscriptSegment) -> DBusDict:
        return variants(to_fields(event))

    @dbus_signal(name="StateChanged")
    def state_changed(self, state: State) -> DBusStr:
        return state.value

    @dbus_signal(name="Problem")
    def problem(
        self, code: str, sentence: str, hint: str
    ) -> Annotated[tuple[str, str, str], DBusSignature("sss")]:
        return sendable(code), sendable(sentence), sendable(hint)

    # ── what the service needs ───────────────────────────────────────────────────────────────

    def introspect(self) -> Interface:
        """The description, with what dbus-fast 5.2 leaves out: names of results, and what is announced."""
        described: Interface = super().introspect()
        results = {each.name: each.out_args for each in described.methods}
        results |= {each.name: each.args for each in described.signals}
        for member, arguments in results.items():
            for argument, name in zip(arguments, _RESULTS.get(member, ()), strict=True):
                argument.name = name
        for each in described.properties:
            each.annotations[_EMITS_CHANGED] = "const" if each.name == "Version" else "true"
        return described

    def publish(self, status: Status) -> None:
        """Announce what of `status` is new."""
        before, self._status = self._status, status
        if status.state is not before.state:
            self.state_changed(status.state)
        old, new = _properties(before), _properties(status)
        changed = {name: value for name, value in new.items() if value != old[name]}
        if changed:
            self.emit_properties_changed(changed)

    def check(self, message: Message) -> None:
        """Refuse a call of ours whose arguments have the wrong types, in words of ours.

        dbus-fast would say that the method does not exist.
        """
        if message.message_type is not MessageType.METHOD_CALL or message.path != PATH:
            return
        wanted = self._signatures.get(message.member or "")
        if message.interface in (None, NAME) and wanted is not None and message.signature != wanted:
            raise invalid(
                f"{message.member} takes ({wanted}), not ({message.signature[:60]}).",
                f"`busctl --user introspect {NAME} {PATH}` lists the methods.",
            )

    def close(self) -> None:
        """Take no more calls."""
        self._calls.shutdown(wait=False, cancel_futures=True)


_RESULTS = {
    "Stop": ("text",),
    "UndoLast": ("done",),
    "ListModels": ("models",),
    "Last": ("text",),
    "LastTexts": ("texts",),
    "Segment": ("fields",),
    "StateChanged": ("state",),
    "Problem": ("code", "sentence", "hint"),
}
_EMITS_CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def _properties(status: Status) -> dict[str, object]:
    return {
        "State": status.state.value,
        "Ready": status.ready,
        "Language": status.language,
        "Strategy": status.strategy,
        "FastModel": sendable(status.fast_model),
        "HeavyModel": sendable(status.heavy_model),
        "Keyboard": sendable(status.keyboard),
        "Hotkey": sendable(status.hotkey),
        "Loading": sendable(status.loading),
        "Sending": sendable(status.sending),
        "Version": status.version,
    }
