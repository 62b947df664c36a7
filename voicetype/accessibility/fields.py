"""Questions to a program about its fields: what has the focus, and what stands before the caret.

Offsets count code points in GTK and Chromium and UTF-16 units in Qt; only differences of them are used,
so that it does not matter which, but for how much text they make.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from voicetype.accessibility import Field, Place
from voicetype.accessibility.bus import ACCESSIBLE, DESKTOP, Asking

_TEXT = "org.a11y.atspi.Text"
_HYPERTEXT = "org.a11y.atspi.Hypertext"
_HYPERLINK = "org.a11y.atspi.Hyperlink"
_PASSWORD_ROLE, _TERMINAL_ROLE, _LINK_ROLE = 40, 60, 88
_OBJECT = "\ufffc"
_WEB_TERMINALS = frozenset({"xterm-helper-textarea"})
_WEB_CODE = frozenset({"cm-content", "inputarea", "native-edit-context", "ace_text-input"})
"""Classes in HTML of fields that take the keys for a terminal (xterm.js) or an editor of code (CodeMirror,
Monaco, Ace): in a notebook, Shift+Return runs what is in it. Of themselves they say that they are text.
"""
_NODES = 400  # looked at in search of the focus
_SEARCH_S = 0.3
_DEPTH = 8  # of paragraphs in quotations in lists


class _State(IntEnum):
    """Bits of an object's states."""

    ACTIVE = 1
    EDITABLE = 7
    FOCUSED = 12
    MULTI_LINE = 17
    VISIBLE = 30  # GTK 4 does not say what is showing


async def identify(asking: Asking, place: Place) -> Field | None:
    """What a field is; None where it does not answer."""
    program = Place(place.program, DESKTOP.path)
    role, states, interfaces, attributes, name = await asyncio.gather(
        asking.ask(place, ACCESSIBLE, "GetRole"),
        _states(asking, place),
        asking.ask(place, ACCESSIBLE, "GetInterfaces"),
        asking.ask(place, ACCESSIBLE, "GetAttributes"),
        asking.property(program, ACCESSIBLE, "Name"),
    )
    if role is None:
        return None
    classes = _classes(attributes)
    password, terminal = role == _PASSWORD_ROLE, role == _TERMINAL_ROLE or bool(classes & _WEB_TERMINALS)
    edited = terminal or _State.EDITABLE in states
    readable = edited and not password and _TEXT in (interfaces or ())
    # Of a field of one line Qt says nothing, but of the others it does.
    lines = _State.MULTI_LINE in states and not terminal and not classes & _WEB_CODE
    several_lines = lines if edited else None
    return Field(place, name or "", password, terminal, readable, several_lines)


def _classes(attributes: Any) -> frozenset[str]:
    """Those that it has in a page."""
    return frozenset(str(attributes.get("class", "")).split() if isinstance(attributes, dict) else ())


async def is_focused(asking: Asking, place: Place) -> bool | None:
    """Whether it says so itself; None where it says nothing in time. What is gone has no focus."""
    states = await _states(asking, place)
    return None if asking.hangs(place.program) else _State.FOCUSED in states


async def search(asking: Asking) -> Place | None:
    """What has the focus in the active window; None where nothing has, or it takes too long to find."""
    try:
        async with asyncio.timeout(_SEARCH_S):
            programs = await _children(asking, [DESKTOP])
            windows = await _children(asking, programs)
            active = await _having(asking, windows, _State.ACTIVE)
            return await _search(asking, await _children(asking, active))
    except TimeoutError:
        return None


async def _search(asking: Asking, level: list[Place]) -> Place | None:
    """Level by level, so that what is near the top is found first."""
    seen = 0
    while level and seen < _NODES:
        if focused := await _having(asking, level, _State.FOCUSED):
            return focused[0]
        seen += len(level)
        level = await _children(asking, await _having(asking, level, _State.VISIBLE))
    return None


async def before_caret(asking: Asking, place: Place, characters: int) -> str | None:
    """The last `characters` code points before the caret; fewer where the field has no more before it.

    In text that is laid out (HTML), a paragraph is an object of its own, for which its parent's text has
    one character; the caret is where the objects lead that it stands at. What is before the caret's own
    paragraph ends in a line break. None where text is selected: a BackSpace would erase that.
    """
    if await asking.ask(place, _TEXT, "GetNSelections"):
        return None
    beginning = ""
    for _ in range(_DEPTH):
        read = await _around_caret(asking, place, characters)
        if read is None:
            return None
        caret, before, at = read
        child = await _child(asking, place, caret) if at == _OBJECT else None
        if child is None:
            return (beginning + before)[-characters:]
        beginning += before.replace(_OBJECT, "\n")
        inline = await asking.ask(child, ACCESSIBLE, "GetRole") == _LINK_ROLE
        if beginning and not beginning.endswith("\n") and not inline:
            beginning += "\n"
        place = child
    return None


async def _around_caret(asking: Asking, place: Place, characters: int) -> tuple[int, str, str] | None:
    """The caret, the text before it, and the character at it."""
    caret = await asking.property(place, _TEXT, "CaretOffset")
    if not isinstance(caret, int) or caret < 0:
        return None
    before, at = await asyncio.gather(
        _text(asking, place, max(0, caret - characters), caret),
        _text(asking, place, caret, caret + 1),
    )
    if before is not None and caret > characters and any(each > "\uffff" for each in before):
        before = await _text(asking, place, max(0, caret - 2 * characters), caret)  # it may count UTF-16
    return None if before is None else (caret, before, at or "")


async def _text(asking: Asking, place: Place, start: int, end: int) -> str | None:
    text = await asking.ask(place, _TEXT, "GetText", "ii", start, end) if end > start else ""
    return text if isinstance(text, str) else None


async def _child(asking: Asking, place: Place, offset: int) -> Place | None:
    """The object in a text at `offset`, where the caret is in it."""
    index = await asking.ask(place, _HYPERTEXT, "GetLinkIndex", "i", offset)
    if not isinstance(index, int) or index < 0:
        return None
    link = _place(await asking.ask(place, _HYPERTEXT, "GetLink", "i", index))
    child = _place(await asking.ask(link, _HYPERLINK, "GetObject", "i", 0)) if link else None
    if child is None:
        return None
    caret = await asking.property(child, _TEXT, "CaretOffset")
    return child if isinstance(caret, int) and caret >= 0 else None


async def _children(asking: Asking, parents: Iterable[Place]) -> list[Place]:
    answers = await asyncio.gather(*(asking.ask(parent, ACCESSIBLE, "GetChildren") for parent in parents))
    places = [_place(each) for answer in answers for each in answer or ()]
    return [place for place in places if place is not None]


async def _having(asking: Asking, places: list[Place], state: _State) -> list[Place]:
    states = await asyncio.gather(*(_states(asking, place) for place in places))
    return [place for place, each in zip(places, states, strict=True) if state in each]


async def _states(asking: Asking, place: Place) -> frozenset[_State]:
    answer = await asking.ask(place, ACCESSIBLE, "GetState")
    words = answer if isinstance(answer, list) else []
    bits = sum(word << 32 * index for index, word in enumerate(words))
    return frozenset(state for state in _State if bits >> state & 1)


def _place(answer: Any) -> Place | None:
    """A reference as it comes over the bus; the path "null" is that of no object."""
    match answer:
        case [str(program), str(path)] if not path.endswith("/null"):
            return Place(program, path)
    return None
