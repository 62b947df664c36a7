"""Which hotkey is taken in which session, and the first one that opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from voicetype.errors import HotkeyError
from voicetype.hotkey import Key, KeyEvent
from voicetype.hotkey.choose import Facts, detect
from voicetype.hotkey.first import FirstHotkey
from voicetype.ways import Refusal

X11 = {"DISPLAY": ":0"}
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}
XWAYLAND = X11 | WAYLAND
NOTHING: dict[str, str] = {}


@pytest.mark.parametrize(
    ("wanted", "environment", "bus", "keyboards", "ways", "refused"),
    [
        ("auto", X11, True, False, ["x11"], []),
        ("auto", X11, False, True, ["x11"], []),
        ("auto", X11 | {"XDG_SESSION_TYPE": "x11"}, True, True, ["x11"], []),
        ("auto", WAYLAND, True, True, ["portal", "evdev"], ["x11"]),
        ("auto", XWAYLAND, True, False, ["portal"], ["x11", "evdev"]),
        ("auto", X11 | {"XDG_SESSION_TYPE": "wayland"}, True, True, ["portal", "evdev"], ["x11"]),
        ("auto", WAYLAND, False, True, ["evdev"], ["x11", "portal"]),
        ("auto", WAYLAND, False, False, [], ["x11", "portal", "evdev"]),
        ("auto", NOTHING, True, True, ["evdev"], ["x11", "portal"]),
        ("auto", {"DISPLAY": ""}, False, False, [], ["x11", "portal", "evdev"]),
        ("x11", WAYLAND, True, True, ["x11"], []),
        ("portal", X11, True, False, ["portal"], []),
        ("evdev", NOTHING, False, False, ["evdev"], []),
    ],
)
def test_chosen(
    wanted: str, environment: dict[str, str], bus: bool, keyboards: bool, ways: list[str], refused: list[str]
) -> None:
    choice = detect(wanted, Facts.of(environment, bus=bus, keyboards=keyboards))
    assert [*choice.ways] == ways
    assert [each.way for each in choice.refused] == refused
    assert all(each.sentence.endswith(".") and each.remedy.endswith(".") for each in choice.refused)


class Some:
    """A key that opens, or says why not."""

    def __init__(self, name: str, refusal: str = "") -> None:
        self.name, self._refusal = name, refusal
        self.opened = self.closed = 0
        self.active = False

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        self.opened += 1
        if self._refusal:
            raise HotkeyError(self._refusal, f"Mend {self.name}.")
        observer(KeyEvent(Key.DOWN, 1.0))

    def dictating(self, active: bool) -> None:
        self.active = active

    def close(self) -> None:
        self.closed += 1


def test_the_first_that_opens_is_the_key() -> None:
    heard: list[KeyEvent] = []
    portal, evdev, last = Some("portal: F9", "No portal."), Some("evdev: F9"), Some("last")
    first = FirstHotkey(
        {"portal": portal, "evdev": evdev, "last": last}, [Refusal("x11", "No display.", "Log in.")]
    )
    assert first.name == "none"
    first.open(heard.append)
    assert first.name == "evdev: F9"
    assert [each.way for each in first.refused] == ["x11", "portal"]
    assert first.refused[1] == Refusal("portal", "No portal.", "Mend portal: F9.")
    assert (last.opened, portal.closed, len(heard)) == (0, 1, 1)
    first.dictating(True)
    assert (evdev.active, portal.active) == (True, False)
    first.close()
    first.close()
    assert (evdev.closed, first.name) == (1, "none")


def test_where_none_opens_every_reason_is_given() -> None:
    first = FirstHotkey(
        {"portal": Some("portal", "No portal."), "evdev": Some("evdev", "No keyboard.")},
        [Refusal("x11", "No display.", "Log in.")],
    )
    with pytest.raises(HotkeyError) as caught:
        first.open(lambda _: None)
    for reason in ("x11: No display.", "portal: No portal.", "evdev: No keyboard."):
        assert reason in caught.value.sentence
    assert "voicetype toggle" in caught.value.hint
    assert "Mend evdev." in caught.value.hint
    assert first.name == "none"


def test_the_remedy_that_is_always_there_is_said_once() -> None:
    portal = Some("portal", "No portal.")
    portal.name = "elsewhere, bind `voicetype toggle` to a key"
    with pytest.raises(HotkeyError) as caught:
        FirstHotkey({"portal": portal}, [Refusal("x11", "No display.", "Log in.")]).open(lambda _: None)
    assert caught.value.hint.count("voicetype toggle") == 1


def test_where_one_was_asked_for_its_own_words_are_given() -> None:
    with pytest.raises(HotkeyError) as caught:
        FirstHotkey({"x11": Some("x11", "Another program has it.")}).open(lambda _: None)
    assert (caught.value.sentence, caught.value.hint) == ("Another program has it.", "Mend x11.")


def test_where_there_is_no_candidate_that_is_said() -> None:
    with pytest.raises(HotkeyError) as caught:
        FirstHotkey({}, [Refusal("evdev", "No keyboard.", "Mend it.")]).open(lambda _: None)
    assert "No keyboard." in caught.value.sentence
    assert "voicetype toggle" in caught.value.hint
