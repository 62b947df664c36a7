"""The push-to-talk key: hold, tap, hands-free, and what was only a shortcut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.hotkey import Key, KeyEvent
from voicetype.hotkey.push_to_talk import PushToTalk, Wish

KEYS = {"down": Key.DOWN, "up": Key.UP, "other": Key.OTHER, "escape": Key.ESCAPE}
TAP_S = 0.35


def told(script: str) -> list[tuple[str, Wish]]:
    """Play a script and return each wish with the step that brought it about.

    Steps are keys, numbers (seconds that pass), and "begun" and "ended" (by something else than the key).
    """
    state, time_s = PushToTalk(TAP_S), 100.0
    wishes: list[tuple[str, Wish]] = []
    for step in script.split():
        match step:
            case "begun":
                state = state.begun()
            case "ended":
                state = state.ended()
            case "down" | "up" | "other" | "escape":
                state, wish = state.step(KeyEvent(KEYS[step], time_s))
                if wish is not None:
                    wishes.append((step, wish))
            case _:
                time_s += float(step)
    return wishes


START, STOP = ("down", Wish.START), ("up", Wish.STOP)
ESCAPED, CHORD = ("escape", Wish.CANCEL), ("other", Wish.CANCEL)


@pytest.mark.parametrize(
    ("script", "wishes"),
    [
        ("down 1 up", [START, STOP]),
        ("down 0.36 up", [START, STOP]),
        ("down 1 up 1 down 1 up", [START, STOP, START, STOP]),
        ("up other", []),
        # A tap: hands-free, until the next release.
        ("down 0.3 up", [START]),
        ("down 0.3 up 5 down 0.1 up", [START, STOP]),
        ("down 0.3 up 5 down 3 up", [START, STOP]),
        ("down 0.3 up 5 other other", [START]),
        # Another key while it is held: it was a shortcut, and the release means nothing.
        ("down 0.1 other 0.1 up", [START, CHORD]),
        ("down 2 other 2 up", [START, CHORD]),
        ("down other other up down 1 up", [START, CHORD, START, STOP]),
        # A shortcut in the middle of hands-free: the dictation goes on.
        ("down 0.1 up 1 down other up", [START]),
        ("down 0.1 up 1 down other up 1 down 0.1 up", [START, STOP]),
        # Escape, wherever the key is.
        ("escape", [ESCAPED]),
        ("escape down 1 up", [ESCAPED, START, STOP]),
        ("down 1 escape 1 up", [START, ESCAPED]),
        ("down 0.1 up escape", [START, ESCAPED]),
        ("down 0.1 up escape down 1 up", [START, ESCAPED, START, STOP]),
        ("down 0.1 up 1 down escape up", [START, ESCAPED]),
        ("down other escape up down 1 up", [START, CHORD, ESCAPED, START, STOP]),
        ("down 1 up escape", [START, STOP, ESCAPED]),
        # Begun by something else: a tap ends it.
        ("begun down 0.1 up", [STOP]),
        ("begun down other up down 0.1 up", [STOP]),
        ("begun escape", [ESCAPED]),
        ("down begun 1 up", [START, STOP]),
        # Ended by something else: the key begins anew, once it is up.
        ("down 1 ended 1 up", [START]),
        ("down 1 ended up down 1 up", [START, START, STOP]),
        ("down 0.1 up ended down 1 up", [START, START, STOP]),
        ("down 0.1 up down ended up down 1 up", [START, START, STOP]),
        ("down other ended up down 1 up", [START, CHORD, START, STOP]),
        ("begun ended down 1 up", [START, STOP]),
        ("ended down 1 up", [START, STOP]),
    ],
)
def test_what_is_wished(script: str, wishes: list[tuple[str, Wish]]) -> None:
    assert told(script) == wishes


@given(st.lists(st.sampled_from([*KEYS, "begun", "ended", "0.1", "1"])))
def test_whatever_happens_a_press_and_its_release_dictate_again(script: list[str]) -> None:
    """No history leaves the key dead: let go, end, and it is as on the first day."""
    assert told(" ".join([*script, "up", "ended", "up", "down", "1", "up"]))[-2:] == [START, STOP]
