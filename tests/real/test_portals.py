"""Typing and the push-to-talk key through the portals, which a service of our own speaks here."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus

from tests.real.bus import Bus
from tests.real.portals import (
    ALLOW,
    DENY,
    FAIL,
    PATH,
    REMOTE,
    SESSION,
    SHORTCUTS,
    PortalService,
    bare_bus,
    portals,
)
from tests.real.xserver import wait_until
from voicetype import cli
from voicetype.core.events import Erasing, FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import HotkeyError, Interruption, KeyboardError, PatchInterrupted
from voicetype.hotkey import Key, KeyEvent
from voicetype.hotkey import portal as hotkey_portal
from voicetype.hotkey.portal import PortalHotkey
from voicetype.keyboard import KeyboardLost, portal_session
from voicetype.keyboard import portal as keyboard_portal
from voicetype.keyboard.portal import PortalKeyboard
from voicetype.keyboard.portal_session import Token, token_path
from voicetype.portals import APP_ID

pytestmark = pytest.mark.real

__all__ = ["bare_bus", "portals"]

Told = FocusChanged | UserTyped | KeyboardLost
SAMPLE = "Hello, wörld! “Naïve” αβγ, ένα, Привет, ђ, 漢字 and 👍🏽."


class Typing:
    """A keyboard, and what its observer was told."""

    def __init__(self, token: Path) -> None:
        self.told: list[Told] = []
        self.keyboard = PortalKeyboard(1_000, token, lambda: None)

    def open(self) -> Typing:
        self.keyboard.open(self.told.append)
        return self

    def type(self, text: str, backspaces: int = 0) -> None:
        """A dictation of one patch."""
        self.keyboard.claim()
        self.keyboard.apply(Patch(backspaces, text))


@pytest.fixture
def token(tmp_path: Path) -> Path:
    return tmp_path / "data" / "token"


@pytest.fixture
def typing(portals: PortalService, token: Path) -> Iterator[Typing]:
    """Not open yet, so that a test may say first how the desktop behaves."""
    made = Typing(token)
    yield made
    made.keyboard.close()
    assert portals.field.faults == []


def refusal(act: Callable[[], object]) -> KeyboardError:
    with pytest.raises(KeyboardError) as caught:
        act()
    assert caught.value.sentence.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value


# ── typing ───────────────────────────────────────────────────────────────────────────────────────


def test_every_character_arrives_and_every_key_is_let_go(portals: PortalService, typing: Typing) -> None:
    typing.open().type(SAMPLE)
    assert portals.field.text == SAMPLE
    assert portals.field.down == set()


def test_a_draft_is_mended_with_backspace(portals: PortalService, typing: Typing) -> None:
    typing.open().type("the quick brown fax")
    typing.keyboard.apply(Patch(2, "ox"))
    assert portals.field.text == "the quick brown fox"
    assert portals.field.down == set()


def test_layouts_are_asked_for_the_keysym_that_they_have(portals: PortalService, typing: Typing) -> None:
    typing.open().type("я€漢")
    assert portals.field.keysyms == [0x06D1, 0x20AC, 0x1006F22]


def test_control_characters_become_spaces(portals: PortalService, typing: Typing) -> None:
    typing.open().type("a\nb\tc\x1bd\u2028e")
    assert portals.field.text == "a b c d e"


def test_line_breaks_where_they_may_be(portals: PortalService, typing: Typing) -> None:
    typing.open().type("one ")
    typing.keyboard.apply(Patch(1, "\n\ntwo", new_lines=NewLine.SHIFT_RETURN))
    typing.keyboard.apply(Patch(0, "\n", new_lines=NewLine.RETURN))
    assert portals.field.text == "one\n\ntwo<sent>"
    assert portals.field.down == set()


def test_what_the_desktop_would_drop_is_not_typed(portals: PortalService, token: Path) -> None:
    keyboard = PortalKeyboard(1_000, token, lambda: {each: ord(each) for each in "abc ä"})
    keyboard.open(lambda _: None)
    keyboard.claim()
    with pytest.raises(PatchInterrupted) as caught:
        keyboard.apply(Patch(0, "a bäé c"))
    assert (caught.value.reason, caught.value.typed) == (Interruption.UNTYPABLE, 4)
    keyboard.apply(Patch(1, "c"))
    assert portals.field.text == "a bc"
    assert len(portals.sessions) == 1
    keyboard.close()


def test_nothing_is_known_of_the_field(portals: PortalService, typing: Typing) -> None:
    keyboard = typing.open().keyboard
    for _ in range(2):
        claim = keyboard.claim()
        assert (claim.continues, claim.erasing, claim.app, claim.preedit) == (False, Erasing.NONE, "", False)
        keyboard.apply(Patch(0, "a"))
    assert (portals.field.text, keyboard.read(10)) == ("aa", None)
    assert keyboard.name == "portal"


def test_without_a_claim_nothing_is_typed(portals: PortalService, typing: Typing) -> None:
    with pytest.raises(PatchInterrupted) as caught:
        typing.open().keyboard.apply(Patch(0, "a"))
    assert (caught.value.reason, caught.value.typed) == (Interruption.BROKEN, 0)
    typing.keyboard.close()
    refusal(lambda: typing.keyboard.apply(Patch(0, "a")))
    refusal(typing.keyboard.claim)
    assert portals.field.text == ""


# ── permission ───────────────────────────────────────────────────────────────────────────────────


def test_the_user_is_asked_at_the_first_dictation(portals: PortalService, typing: Typing) -> None:
    typing.open()
    assert (portals.questions, portals.sessions) == (0, {})
    for word in ("one ", "two ", "three "):
        typing.type(word)
        typing.keyboard.release()
    assert (portals.questions, len(portals.of(REMOTE))) == (1, 1)
    assert portals.options["SelectDevices"]["types"].value == 1
    assert portals.options["SelectDevices"]["persist_mode"].value == 2
    assert "restore_token" not in portals.options["SelectDevices"]


def test_the_user_is_asked_once(portals: PortalService, typing: Typing, token: Path) -> None:
    typing.open().type("a")
    first = token.read_text("utf-8")
    assert token.stat().st_mode & 0o777 == 0o600
    typing.keyboard.close()
    wait_until(lambda: not portals.sessions, "the session ends")
    again = Typing(token).open()
    again.type("b")
    assert (portals.questions, portals.field.text) == (1, "ab")
    assert portals.options["SelectDevices"]["restore_token"].value == first
    assert token.read_text("utf-8") in portals.tokens - {first}  # a token is good for once
    again.keyboard.close()


@pytest.mark.parametrize("worn", ["no token", str(uuid.uuid4()), "\x00\xff", "x" * 10_000])
def test_a_token_that_is_refused_is_forgotten(
    worn: str, portals: PortalService, typing: Typing, token: Path
) -> None:
    token.parent.mkdir()
    token.write_text(worn, "latin-1")
    typing.open().type("a")
    assert (portals.questions, portals.field.text) == (1, "a")
    assert token.read_text("utf-8") in portals.tokens


def test_a_permission_for_once_is_not_kept(portals: PortalService, typing: Typing, token: Path) -> None:
    token.parent.mkdir()
    token.write_text(str(uuid.uuid4()), "utf-8")
    portals.manners.persists = False
    typing.open().type("a")
    assert not token.exists()


def test_a_token_that_can_not_be_kept_stops_nobody(
    portals: PortalService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    made = Typing(tmp_path / "file" / "token").open()
    with caplog.at_level(logging.WARNING):
        made.type("a")
    assert portals.field.text == "a"
    assert "can't be kept" in caplog.text
    made.keyboard.close()


@pytest.mark.parametrize(("user", "named"), [(DENY, "not allowed"), (FAIL, "did not let")])
def test_who_says_no_is_asked_again_the_next_time(
    user: int, named: str, portals: PortalService, typing: Typing
) -> None:
    typing.open()
    portals.manners.user = user
    assert named in refusal(typing.keyboard.claim).sentence
    assert portals.field.text == ""
    portals.manners.user = ALLOW
    typing.type("a")
    assert (portals.questions, portals.field.text) == (2, "a")


def test_who_says_no_to_the_old_permission_is_not_asked_twice(
    portals: PortalService, typing: Typing, token: Path
) -> None:
    token.parent.mkdir()
    token.write_text(str(uuid.uuid4()), "utf-8")
    portals.manners.user = DENY
    refusal(typing.open().keyboard.claim)
    assert portals.questions == 1
    assert not token.exists()


def test_who_does_not_give_the_keyboard_has_said_no(
    portals: PortalService, typing: Typing, token: Path
) -> None:
    portals.manners.granted = 0
    assert "not allowed" in refusal(typing.open().keyboard.claim).sentence
    assert not token.exists()
    wait_until(lambda: not portals.sessions, "the session ends")


def test_a_question_that_stands_types_nothing_afterwards(
    portals: PortalService, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said meanwhile must not go where the focus is when the question is answered."""
    typing.open()
    portals.manners.user = None
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 0.3)
    for _ in range(2):
        assert "asks whether" in refusal(typing.keyboard.claim).sentence
    wait_until(lambda: portals.standing == 1, "the question stands")
    assert portals.questions == 1
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 30)
    portals.answer(ALLOW)
    typing.type("a")
    assert (portals.questions, portals.field.text) == (1, "a")


def test_a_question_is_taken_away_at_the_end(
    portals: PortalService, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    typing.open()
    portals.manners.user = None
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 0.01)
    refusal(typing.keyboard.claim)
    wait_until(lambda: portals.standing == 1, "the question stands")
    typing.keyboard.close()
    wait_until(lambda: portals.withdrawn == 1, "the question is taken away")
    wait_until(lambda: not portals.sessions, "the session ends")


def test_the_permission_goes_with_voicetype(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    Token(token_path()).write("a token")
    assert (tmp_path / "DATA/voicetype").is_dir()
    assert cli.main(["uninstall"]) == 0
    assert not (tmp_path / "DATA/voicetype").exists()


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────


def test_the_user_takes_the_permission_back(portals: PortalService, typing: Typing) -> None:
    typing.open().type("one")
    portals.close_sessions()
    wait_until(lambda: typing.told == [FocusChanged(ours=False)], "the observer is told")
    with pytest.raises(PatchInterrupted) as caught:
        typing.keyboard.apply(Patch(3, "two"))
    assert (caught.value.reason, caught.value.erased, caught.value.typed) == (Interruption.BROKEN, 0, 0)
    typing.type(" two")
    assert portals.field.text == "one two"


@pytest.mark.parametrize(
    ("keys", "erased", "typed", "text"),
    [(0, 0, 0, "abc"), (1, 1, 0, "ab"), (2, 1, 0, "ab"), (4, 2, 0, "a"), (5, 2, 1, "ax"), (8, 2, 2, "axy")],
)
def test_an_interrupted_patch_says_exactly_what_stands(
    keys: int, erased: int, typed: int, text: str, portals: PortalService, typing: Typing
) -> None:
    typing.open().type("abc")
    portals.manners.keys_until = keys
    with pytest.raises(PatchInterrupted) as caught:
        typing.keyboard.apply(Patch(2, "xyz"))
    assert (caught.value.reason, caught.value.erased, caught.value.typed) == (
        Interruption.BROKEN,
        erased,
        typed,
    )
    assert portals.field.text == text
    # The desktop lets go of a key that is down when the session ends.
    wait_until(lambda: not portals.sessions, "the session ends")
    portals.field.down.clear()


@pytest.mark.parametrize(
    ("keys", "typed", "text"), [(2, 1, "a"), (3, 2, "a👍"), (5, 2, "a👍🏽"), (6, 2, "a👍🏽")]
)
def test_a_character_of_two_code_points_counts_once(
    keys: int, typed: int, text: str, portals: PortalService, typing: Typing
) -> None:
    typing.open().keyboard.claim()
    portals.manners.keys_until = keys
    with pytest.raises(PatchInterrupted) as caught:
        typing.keyboard.apply(Patch(0, "a👍🏽b"))
    assert (caught.value.typed, portals.field.text) == (typed, text)
    portals.field.down.clear()


def test_a_new_session_does_not_take_up_the_old_claim(
    portals: PortalService, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    portals.manners.persists = False
    typing.open().type("a")
    portals.close_sessions()
    wait_until(lambda: typing.told == [FocusChanged(ours=False)], "the observer is told")
    portals.manners.user = None
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 0.01)
    refusal(typing.keyboard.claim)
    wait_until(lambda: portals.standing == 1, "the question stands")
    portals.answer(ALLOW)
    wait_until(lambda: any(each.started for each in portals.sessions.values()), "the session is there")
    with pytest.raises(PatchInterrupted):
        typing.keyboard.apply(Patch(1, "b"))
    assert portals.field.text == "a"


@pytest.mark.parametrize("end", ["close_sessions", "stop"])
def test_the_end_of_the_session_in_the_middle_of_a_patch(
    end: str, portals: PortalService, token: Path
) -> None:
    told: list[Told] = []
    keyboard = PortalKeyboard(50, token, lambda: None)
    keyboard.open(told.append)
    keyboard.claim()
    text = "0123456789" * 20
    with ThreadPoolExecutor(1) as typist:
        typing = typist.submit(keyboard.apply, Patch(0, text))
        wait_until(lambda: len(portals.field.text) > 5, "some of it is typed")
        getattr(portals, end)()
        with pytest.raises(PatchInterrupted) as caught:
            typing.result(30)
    assert caught.value.reason is Interruption.BROKEN
    assert 5 < caught.value.typed < len(text)
    assert portals.field.text == text[: caught.value.typed]
    assert told == [FocusChanged(ours=False)]
    keyboard.close()


def test_the_keyboard_is_closed_in_the_middle_of_a_patch(portals: PortalService, token: Path) -> None:
    keyboard = PortalKeyboard(50, token, lambda: None)
    keyboard.open(lambda _: None)
    keyboard.claim()
    with ThreadPoolExecutor(1) as typist:
        typing = typist.submit(keyboard.apply, Patch(0, "0123456789" * 20))
        wait_until(lambda: len(portals.field.text) > 5, "some of it is typed")
        keyboard.close()
        with pytest.raises(PatchInterrupted) as caught:
            typing.result(30)
    assert portals.field.text == ("0123456789" * 20)[: caught.value.typed]
    wait_until(lambda: not portals.sessions, "the session ends")


def test_a_portal_that_hangs_is_given_up(
    portals: PortalService, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    typing.open().type("abc")
    monkeypatch.setattr(portal_session, "_NOTIFY_S", 0.1)
    portals.manners.silent.add("NotifyKeyboardKeysym")
    with pytest.raises(PatchInterrupted):
        typing.keyboard.apply(Patch(0, "def"))
    portals.manners.silent.clear()
    monkeypatch.setattr(portal_session, "_NOTIFY_S", 30)
    typing.type("def")
    assert portals.field.text == "abcdef"


def test_the_portal_restarts_underneath(portals: PortalService, typing: Typing) -> None:
    typing.open().type("one")
    portals.stop()
    wait_until(lambda: typing.told == [FocusChanged(ours=False)], "the observer is told")
    with pytest.raises(PatchInterrupted):
        typing.keyboard.apply(Patch(0, "lost"))
    assert "no portal" in refusal(typing.keyboard.claim).sentence
    portals.start()
    typing.type(" two")
    assert (portals.field.text, portals.questions) == ("one two", 1)
    assert [*portals.apps.values()] == [APP_ID]


def test_the_portal_restarts_while_the_user_is_asked(
    portals: PortalService, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    typing.open()
    portals.manners.user = None
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 0.01)
    refusal(typing.keyboard.claim)
    wait_until(lambda: portals.standing == 1, "the question stands")
    portals.stop()
    portals.start()
    portals.manners.user = ALLOW
    monkeypatch.setattr(keyboard_portal, "UNASKED_S", 30)
    try:
        typing.keyboard.claim()
    except KeyboardError:  # the old question's end came first
        typing.keyboard.claim()
    typing.keyboard.apply(Patch(0, "a"))
    assert portals.field.text == "a"


def test_the_bus_dies(bare_bus: Bus, portals: PortalService, typing: Typing) -> None:
    typing.open().type("a")
    bare_bus.kill()
    wait_until(lambda: FocusChanged(ours=False) in typing.told, "the observer is told")
    with pytest.raises(PatchInterrupted):
        typing.keyboard.apply(Patch(0, "b"))
    refusal(typing.keyboard.claim)
    typing.keyboard.close()
    typing.keyboard.close()
    assert portals.field.text == "a"


@pytest.mark.parametrize("manner", ["response_first", "numbered"])
def test_answers_come_in_any_order(manner: str, portals: PortalService, typing: Typing) -> None:
    """Before the method has returned, as the interface allows; or on a handle that was not predicted."""
    setattr(portals.manners, manner, True)
    typing.open().type("a")
    assert portals.field.text == "a"


@pytest.mark.parametrize(
    ("version", "types", "named"),
    [
        (0, 7, "no portal"),
        (2, 6, "no portal"),
        (2, 0, "no portal"),
        (Variant("s", "two"), 7, "makes no sense"),
        (Variant("ai", [2]), 7, "makes no sense"),
    ],
)
def test_a_portal_without_a_keyboard_is_none(
    version: object, types: int, named: str, portals: PortalService, typing: Typing
) -> None:
    portals.manners.remote_desktop, portals.manners.types = version, types
    assert named in refusal(typing.open).sentence
    portals.manners.remote_desktop, portals.manners.types = 2, 7
    typing.open().type("a")
    assert portals.field.text == "a"


@pytest.mark.parametrize("version", [1, 3, 99])
def test_older_and_newer_portals_do(
    version: int, portals: PortalService, typing: Typing, token: Path
) -> None:
    """The first could not keep a permission, and knows no option for it."""
    portals.manners.remote_desktop = version
    typing.open().type("a")
    assert portals.field.text == "a"
    assert token.exists() == (version > 1)


def test_without_a_portal_or_a_bus_there_is_no_keyboard(
    bare_bus: Bus, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no portal" in refusal(Typing(token).open).sentence
    bare_bus.kill()
    assert "no session bus" in refusal(Typing(token).open).sentence
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert "no session bus" in refusal(Typing(token).open).sentence
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "nonsense")
    assert "no session bus" in refusal(Typing(token).open).sentence


@pytest.mark.parametrize(
    ("member", "results"),
    [
        ("CreateSession", {}),
        ("CreateSession", {"session_handle": Variant("u", 3)}),
        ("CreateSession", {"session_handle": Variant("s", "")}),
        ("CreateSession", {"session_handle": Variant("s", "/elsewhere")}),
        ("Start", {}),
        ("Start", {"devices": Variant("s", "keyboard")}),
    ],
)
def test_an_answer_that_makes_no_sense(
    member: str, results: dict[str, Variant], portals: PortalService, typing: Typing
) -> None:
    portals.manners.garbled[member] = results
    assert "makes no sense" in refusal(typing.open().keyboard.claim).sentence
    portals.manners.garbled.clear()
    typing.type("a")
    assert portals.field.text == "a"


def test_a_response_that_makes_no_sense(portals: PortalService, typing: Typing) -> None:
    portals.manners.garbled_responses = True
    assert "makes no sense" in refusal(typing.open().keyboard.claim).sentence


def test_a_token_that_makes_no_sense(portals: PortalService, typing: Typing, token: Path) -> None:
    portals.manners.garbled["Start"] = {"devices": Variant("u", 1), "restore_token": Variant("u", 1)}
    typing.open().type("a")
    assert (portals.field.text, token.exists()) == ("a", False)


def test_other_programs_are_not_believed(bare_bus: Bus, portals: PortalService, typing: Typing) -> None:
    """Any program may send us a signal; only the portals' own count."""
    typing.open().type("a")
    [(session, kept)] = portals.sessions.items()
    forge(bare_bus, kept.owner, session, SESSION, "Closed", "a{sv}", [{}])
    typing.keyboard.apply(Patch(0, "b"))
    assert (portals.field.text, typing.told) == ("ab", [])


def forge(bus: Bus, to: str, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
    """A signal from somebody else, which has arrived when this returns."""

    async def send() -> None:
        forger = await MessageBus(bus.address, BusType.SESSION).connect()
        signal = Message.new_signal(path, interface, member, signature, body)
        signal.destination = to
        await forger.send(signal)
        # Whoever has answered this has read what was sent before it.
        await forger.call(
            Message(destination=to, path="/", interface="org.freedesktop.DBus.Peer", member="Ping")
        )
        forger.disconnect()

    asyncio.run(send())


@pytest.mark.parametrize(("registry", "installed"), [(True, True), (True, False), (False, True)])
def test_the_desktop_is_told_who_asks(
    registry: bool, installed: bool, portals: PortalService, typing: Typing
) -> None:
    portals.manners.registry, portals.manners.installed = registry, installed
    typing.open().type("a")
    assert [*portals.apps.values()] == [APP_ID if registry and installed else ""]
    assert portals.calls[0] == "Registry.Register"  # later would be too late
    assert portals.calls.count("Registry.Register") == 1


# ── the push-to-talk key ─────────────────────────────────────────────────────────────────────────


class Heard:
    """A hotkey, and what it told."""

    def __init__(self, key: str = "Control_R") -> None:
        self.events: list[KeyEvent] = []
        self.hotkey = PortalHotkey(key)

    def open(self) -> Heard:
        self.hotkey.open(self.events.append)
        return self

    def becomes(self, *keys: Key) -> None:
        wait_until(lambda: [each.key for each in self.events] == [*keys], f"{keys}")


@pytest.fixture
def heard(portals: PortalService) -> Iterator[Heard]:
    made = Heard()
    yield made
    made.hotkey.close()
    assert portals.field.faults == []


def no_key(act: Callable[[], object]) -> HotkeyError:
    with pytest.raises(HotkeyError) as caught:
        act()
    assert caught.value.sentence.endswith(".")
    assert "`voicetype toggle`" in caught.value.hint
    return caught.value


def test_the_shortcut_is_pressed_and_let_go(portals: PortalService, heard: Heard) -> None:
    heard.open()
    assert heard.hotkey.name == "portal: Ctrl+Space"
    for _ in range(2):
        portals.press()
        portals.release()
    heard.becomes(Key.DOWN, Key.UP, Key.DOWN, Key.UP)
    times = [each.time_s for each in heard.events]
    assert times == sorted(times)


def test_a_key_that_repeats_goes_down_once(portals: PortalService, heard: Heard) -> None:
    heard.open()
    portals.release()
    for _ in range(3):
        portals.press()
    portals.press("another")
    portals.release("another")
    portals.release()
    heard.becomes(Key.DOWN, Key.UP)


@pytest.mark.parametrize(
    ("key", "preferred"),
    [("Control_R", "F9"), ("ISO_Level3_Shift", "F9"), ("Super_L", "F9"), ("F8", "F8"), ("Pause", "Pause")],
)
def test_a_key_without_modifiers_is_proposed(key: str, preferred: str, portals: PortalService) -> None:
    heard = Heard(key).open()
    proposed = portals.options["dictate"]
    assert proposed["preferred_trigger"].value == preferred
    assert proposed["description"].value == "Hold to dictate"
    heard.hotkey.close()


def test_the_user_chooses_once(portals: PortalService) -> None:
    for _ in range(3):
        heard = Heard().open()
        assert heard.hotkey.name == "portal: Ctrl+Space"
        heard.hotkey.close()
        wait_until(lambda: not portals.sessions, "the session ends")
    assert portals.questions == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_desktop_that_does_not_say_what_was_bound_is_asked(
    known: bool, portals: PortalService, heard: Heard
) -> None:
    portals.manners.answers_bind = False
    if known:
        portals.shortcuts["dictate"] = "Meta+D"
    heard.open()
    assert heard.hotkey.name == ("portal: Meta+D" if known else "portal: Ctrl+Space")
    assert "GlobalShortcuts.ListShortcuts" in portals.calls


def test_the_user_gives_it_another_key(portals: PortalService, heard: Heard) -> None:
    heard.open()
    portals.change("Meta+V")
    wait_until(lambda: heard.hotkey.name == "portal: Meta+V", "the name changes")


@pytest.mark.parametrize("trigger", ["", "  ", "\x1b[31m"])
def test_a_desktop_may_not_say_which_key_it_is(trigger: str, portals: PortalService, heard: Heard) -> None:
    portals.manners.trigger = trigger
    heard.open()
    assert heard.hotkey.name == "portal: the key that your desktop's settings give it"
    portals.press()
    heard.becomes(Key.DOWN)


@pytest.mark.parametrize(("user", "named"), [(DENY, "no key"), (FAIL, "gave up")])
def test_who_wants_no_key_gets_none(user: int, named: str, portals: PortalService, heard: Heard) -> None:
    portals.manners.user = user
    assert named in no_key(heard.open).sentence
    wait_until(lambda: not portals.sessions, "the session ends")


def test_nothing_bound_is_no_key(portals: PortalService, heard: Heard) -> None:
    portals.manners.garbled["BindShortcuts"] = {"shortcuts": Variant("a(sa{sv})", [])}
    assert "no key" in no_key(heard.open).sentence


@pytest.mark.parametrize("outcome", [ALLOW, DENY])
def test_the_answer_may_come_later(
    outcome: int,
    portals: PortalService,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The daemon does not wait for it: dictation by command works meanwhile."""
    monkeypatch.setattr(hotkey_portal, "UNASKED_S", 0.01)
    portals.manners.user = None
    heard.open()
    wait_until(lambda: portals.standing == 1, "the question stands")
    assert heard.hotkey.name == "portal: not chosen yet"
    portals.answer(outcome)
    if outcome == ALLOW:
        wait_until(lambda: heard.hotkey.name == "portal: Ctrl+Space", "the key is there")
        portals.press()
        heard.becomes(Key.DOWN)
    else:
        wait_until(lambda: "no key to dictate with" in caplog.text, "the log has it")


def test_a_question_for_the_key_is_taken_away_at_the_end(
    portals: PortalService, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotkey_portal, "UNASKED_S", 0.01)
    portals.manners.user = None
    heard.open()
    wait_until(lambda: portals.standing == 1, "the question stands")
    heard.hotkey.close()
    heard.hotkey.close()
    wait_until(lambda: portals.withdrawn == 1, "the question is taken away")


def test_the_portal_restarts_under_a_held_key(portals: PortalService, heard: Heard) -> None:
    """The dictation ends, and the key comes back by itself, without a question."""
    heard.open()
    portals.press()
    heard.becomes(Key.DOWN)
    portals.stop()
    heard.becomes(Key.DOWN, Key.UP)
    portals.start()
    wait_until(
        lambda: portals.of(SHORTCUTS) != [] and heard.hotkey.name == "portal: Ctrl+Space", "it is back"
    )
    portals.press()
    heard.becomes(Key.DOWN, Key.UP, Key.DOWN)
    assert (portals.questions, [*portals.apps.values()]) == (1, [APP_ID])


def test_the_desktop_takes_the_key_back(
    portals: PortalService, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    heard.open()
    portals.press()
    portals.close_sessions()
    heard.becomes(Key.DOWN, Key.UP)
    assert "taken" in caplog.text
    assert heard.hotkey.name == "portal: taken back by the desktop"


def test_the_bus_dies_under_a_held_key(bare_bus: Bus, portals: PortalService, heard: Heard) -> None:
    heard.open()
    portals.press()
    heard.becomes(Key.DOWN)
    bare_bus.kill()
    heard.becomes(Key.DOWN, Key.UP)


@pytest.mark.parametrize(
    ("manners", "named"),
    [
        ({"shortcuts": 0}, "no portal"),
        ({"shortcuts": Variant("s", "1")}, "makes no sense"),
        ({"garbled": {"CreateSession": {}}}, "makes no sense"),
        ({"garbled_responses": True}, "makes no sense"),
        ({"garbled": {"BindShortcuts": {"shortcuts": Variant("s", "dictate")}}}, "no key"),
        ({"garbled": {"BindShortcuts": {"shortcuts": Variant("ai", [1])}}}, "no key"),
    ],
)
def test_no_portal_for_shortcuts(
    manners: dict[str, object], named: str, portals: PortalService, heard: Heard
) -> None:
    for name, value in manners.items():
        setattr(portals.manners, name, value)
    assert named in no_key(heard.open).sentence


def test_a_desktop_that_must_know_who_asks(portals: PortalService, heard: Heard) -> None:
    portals.manners.needs_app_id = True
    portals.manners.installed = False
    assert "`voicetype install`" in no_key(heard.open).hint
    portals.manners.installed = True
    known = Heard().open()
    assert known.hotkey.name == "portal: Ctrl+Space"
    known.hotkey.close()


def test_without_a_bus_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert "no session bus" in no_key(Heard().open).sentence


def test_signals_that_make_no_sense_are_passed_over(
    bare_bus: Bus, portals: PortalService, heard: Heard
) -> None:
    heard.open()
    [session] = portals.of(SHORTCUTS)
    portals.signal("Activated", "", [])
    portals.signal("Activated", "s", ["dictate"])
    portals.signal("Activated", "osta{sv}", [f"{session}x", "dictate", 0, {}])
    portals.signal("ShortcutsChanged", "os", [session, "dictate"])
    portals.signal("ShortcutsChanged", "oa(sa{sv})", [session, []])
    forge(
        bare_bus,
        portals.sessions[session].owner,
        PATH,
        SHORTCUTS,
        "Activated",
        "osta{sv}",
        [session, "dictate", 0, {}],
    )
    portals.press()
    heard.becomes(Key.DOWN)
    assert heard.hotkey.name == "portal: Ctrl+Space"


def test_nothing_is_taken_while_dictating(portals: PortalService, heard: Heard) -> None:
    heard.open()
    before = [*portals.calls]
    heard.hotkey.dictating(True)
    heard.hotkey.dictating(False)
    assert portals.calls == before
