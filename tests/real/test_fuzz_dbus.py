"""Anything over D-Bus: to the whole daemon from a hostile client, to the commands from a hostile daemon."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from dbus_fast import Message, MessageType, Variant
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.hostile import arguments, calls
from tests.real.daemon import Daemon, running_daemon
from tests.real.soundserver import SoundServer
from voicetype import client, status_line
from voicetype.client import NAME, PATH, connect
from voicetype.errors import VoicetypeError
from voicetype.watch import watch

pytestmark = [pytest.mark.real, pytest.mark.timeout(0)]  # as long as the profile asks for

_T = TypeVar("_T")
PROPERTIES = "org.freedesktop.DBus.Properties"
RIGHT = {
    "Start": "a{sv}",
    "Stop": "",
    "Cancel": "",
    "Toggle": "",
    "UndoLast": "",
    "Last": "",
    "LastTexts": "",
    "TypeLast": "a{sv}",
    "SetLanguage": "s",
    "SetModels": "ss",
    "ListModels": "",
}
"""Quit is asked for with wrong arguments alone."""

PATHS = ["/", "../..", "/" + "z" * 300, "/" + "y/" * 2_000, "~nobody/x", "/dev/zero", "/proc/1/root/x"]
words = st.sampled_from(
    ["language", "rest", "all", "de", "auto", "tiny.en", "base", "x" * 70_000, "y" * 4_000, *PATHS]
)
options = st.dictionaries(
    words | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9),
    words.map(lambda word: Variant("s", word)) | st.booleans().map(lambda on: Variant("b", on)),
    max_size=4,
)


def _rightly(member: str) -> st.SearchStrategy[tuple[str, list[Any]]]:
    """Arguments of the right types and mostly wrong values; no model is asked for that must be fetched."""
    signature = RIGHT[member]
    values = st.tuples(options).map(list) if signature == "a{sv}" else arguments(signature)
    if member == "SetModels":
        values |= st.lists(words, min_size=2, max_size=2)
    return st.tuples(st.just(signature), values)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A call to the daemon's object, or past it."""
    known = draw(st.integers(0, 3)) > 0
    member = draw(st.sampled_from([*RIGHT]))
    if known:
        signature, body = draw(_rightly(member))
        interface: str | None = NAME
    else:
        member = draw(st.sampled_from([*RIGHT, "Quit", "Nothing", "Get", "Set", "GetAll", "Introspect"]))
        signature, body = draw(calls().filter(lambda call: call[0] != ""))
        interface = draw(st.sampled_from([NAME, PROPERTIES, "org.freedesktop.DBus.Introspectable", "a.b"]))
    path = PATH if known else draw(st.sampled_from([PATH, "/", "/org/voicetype"]))
    return Message(NAME, path, interface, member, signature=signature, body=body)


def _models(name: str) -> Message:
    return Message(NAME, PATH, NAME, "SetModels", signature="ss", body=[name, "base"])


class Client:
    """A connection on a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._bus = self.do(connect())

    def do(self, work: Awaitable[_T]) -> _T:
        async def awaited() -> _T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(120)

    def ask(self, message: Message) -> Message:
        """The answer; there is always one."""
        reply = self.do(self._bus.call(message))
        assert reply is not None
        return reply

    def serve(self, answer: Callable[[Message], Message | bool]) -> None:
        """Be the daemon."""

        async def own() -> None:
            self._bus.add_message_handler(answer)
            await self._bus.request_name(NAME)

        self.do(own())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._bus.disconnect)
        self.do(asyncio.sleep(0.01))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def connected() -> Iterator[Client]:
    one = Client()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def daemon(sound_server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A real one, with models and a microphone; it types nowhere."""
    folder = tmp_path / "voicetype"
    folder.mkdir()
    written = "typing.keyboard = 'dummy'\n[desktop]\ntray = false\noverlay = 'never'\n"
    (folder / "config.toml").write_text(written)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", sound_server.env["DBUS_SESSION_BUS_ADDRESS"])
    home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    with running_daemon({**os.environ, **sound_server.env, **home}) as daemon:
        yield daemon


def test_every_method_of_the_daemon_with_anything(daemon: Daemon) -> None:
    outcomes: set[MessageType] = set()
    with connected() as one:

        @settings(suppress_health_check=[*HealthCheck])
        @given(message=messages())
        @example(message=_models("y" * 4_000))
        @example(message=_models(PATHS[2]))
        def hostile(message: Message) -> None:
            reply = one.ask(message)
            outcomes.add(reply.message_type)
            if reply.message_type is MessageType.ERROR:
                name, text = str(reply.error_name), str(reply.body[0])
                assert name.startswith(("org.voicetype.Error.", "org.freedesktop.DBus.Error.")), name
                assert not name.endswith((".Failed", ".ServiceError", ".InternalError")), text
                assert "Traceback" not in text
                assert len(text) < 1_000, "what was asked is not sent back whole"

        hostile()
        one.ask(Message(NAME, PATH, NAME, "Cancel"))
        daemon.wait_for(lambda: daemon.status().get("State") == "idle", "it is idle again")
        assert outcomes == {MessageType.METHOD_RETURN, MessageType.ERROR}
        assert one.ask(Message(NAME, PATH, NAME, "Start", signature="a{sv}", body=[{}])).body == []
        assert daemon.status()["State"] == "listening"
        assert one.ask(Message(NAME, PATH, NAME, "Stop")).signature == "s"
    assert not [line for line in daemon.said if "Traceback" in line or "failed inside" in line]


@pytest.mark.usefixtures("bus")
def test_the_commands_with_a_daemon_that_says_anything() -> None:
    """What they make of it is an answer or a sentence."""
    said: list[tuple[str, list[Any]]] = [("", [])]

    def answer(message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.destination != NAME:
            return False
        return Message.new_method_return(message, said[-1][0], said[-1][1])

    def asked(command: Callable[[], object]) -> None:
        try:
            command()
        except VoicetypeError:
            pass
        except Enough:
            pass

    class Enough(Exception):
        """The first news is enough."""

    def enough(_: object) -> None:
        raise Enough

    with connected() as hostile:
        hostile.serve(answer)

        @settings(suppress_health_check=[*HealthCheck])
        @given(call=calls() | st.tuples(st.just("a{sv}"), st.tuples(options).map(list)))
        def every(call: tuple[str, list[Any]]) -> None:
            said.append(call)
            asked(lambda: client.call("Stop", answers="s"))
            asked(lambda: status_line.line(client.properties()))
            asked(lambda: status_line.bar(client.properties()))
            asked(lambda: watch(enough))

        every()
