"""Every kind of program on every layout: what the reducer believes to stand there stands there.

A cell is a dictation whose drafts are wrong in mid-word, are mended, and lose an early word to a late
confirmation. What stood in the field before must still stand before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.real.browser import INPUT, TEXTAREA, Browser, browser
from tests.real.script import Script
from tests.real.xserver import KEY_G, MENU, App, Desktop, Shell, desktop, wait_until
from voicetype.core.events import Confidence, Stopped, TranscriptSegment
from voicetype.core.patch import simple
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["browser", "desktop"]  # fixtures

pytestmark = pytest.mark.real

FAST = 2000

PROGRAMS: dict[str, Callable[[Desktop, Browser], App]] = {
    "xterm": lambda desktop, _: desktop.shell(),
    "GTK 3": lambda desktop, _: desktop.gtk(),
    "Qt 5": lambda desktop, _: desktop.qt("PyQt5", "QTextEdit"),
    "Tk": lambda desktop, _: desktop.tk(),
    "Chromium textarea": lambda _, browser: browser.open(TEXTAREA),
    "Chromium input": lambda _, browser: browser.open(INPUT),
}
LAYOUTS = {  # as `Desktop.layout` spells them, and the group that is active
    "us": ("us", 0),
    "de": ("de", 0),
    "fr": ("fr", 0),
    "dvorak": ("us(dvorak)", 0),
    "us of us+ru": ("us,ru", 0),
    "ru of us+ru": ("us,ru", 1),
}
# Drafts that end in a pause, and the last confirmation.
DICTATIONS = {
    "ASCII": (
        "the quick brown fax",
        "the quick brown fox (jumps)",
        "the quick brown fox (jumps)",
        "the quick brown fox (jumps) over #7",
        'The thick brown fox (jumps) over #7: "it\'s" @ 100%!',
    ),
    "accents": (
        "où est le café à Besançan",
        "où est le café à Besançon ça coûte",
        "où est le café à Besançon ça coûte",
        "où est le café à Besançon ça coûte, señor Müller",
        "Où était le café à Besançon? Ça coûte 5 €, señor Müßler…",
    ),
    "Greek": (
        "η γρήγορη αλεπή",
        "η γρήγορη αλεπού πηδά",
        "η γρήγορη αλεπού πηδά",
        "η γρήγορη αλεπού πηδά πάνω",
        "Η αργή αλεπού πηδά πάνω από τον σκύλο.",
    ),
    "CJK": (
        "今日は良い電気",
        "今日は良い天気ですね",
        "今日は良い天気ですね",
        "今日は良い天気ですね。 오늘 날씨",
        "明日は良い天気ですね。 오늘은 날씨가 좋네요!",
    ),
    "emoji": (
        "so 😀 great 🎉 dune",
        "so 😀 great 🎉 done it",
        "so 😀 great 🎉 done it",
        "so 😀 great 🎉 done it",
        "Too 😀 great 🎉 done it 👍🏽 🇩🇪 👨‍👩‍👧 ❤️",
    ),
}

CYRILLIC = (
    "съешь ещё ½ булак",
    "съешь ещё ½ булок да",
    "съешь ещё ½ булок да",
    "съешь ещё ½ булок да ok",
    "Выпей ещё ½ булок, да – ok.",
)


@pytest.fixture(scope="module")
def script(desktop: Desktop) -> Iterator[Script]:  # noqa: ARG001  # the display
    """One keyboard for all cells, as a daemon has it."""
    keyboard = X11Keyboard(FAST, OwnKeys())
    yield Script(keyboard)
    keyboard.close()


@pytest.fixture(scope="module")
def programs(desktop: Desktop, browser: Browser) -> dict[str, App]:
    """All at once: openbox looks all shortcuts up again for each new keymap, and is soon too far behind to
    open a window.
    """
    return {name: start(desktop, browser) for name, start in PROGRAMS.items()}


class Places:
    """Every program stands open; a layout is loaded where another one was."""

    def __init__(self, desktop: Desktop, programs: dict[str, App]) -> None:
        self._desktop, self._programs = desktop, programs
        self._layout = ""

    def go(self, program: str, layout: str) -> App:
        """Give a program the focus, on a layout."""
        if layout != self._layout:
            name, group = LAYOUTS[layout]
            self._desktop.layout(name)
            if self._desktop.user.group() != group:  # the server keeps it over a change of layouts
                self._desktop.user.tap(MENU)
            wait_until(lambda: self._desktop.user.group() == group, "the group is active")
            self._layout = layout
        app = self._programs[program]
        if self._desktop.user.focused_title() != app.title:
            self._desktop.hand_focus(app.title)
        return app


@pytest.fixture(scope="module")
def places(desktop: Desktop, programs: dict[str, App]) -> Places:
    return Places(desktop, programs)


@pytest.mark.parametrize("dictation", DICTATIONS)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_reducers_belief_is_what_stands_there(
    script: Script, places: Places, layout: str, program: str, dictation: str
) -> None:
    app = places.go(program, layout)
    expected = dictate(script, app, DICTATIONS[dictation])
    app.shows(expected)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_second_layout_stays_active(
    script: Script, desktop: Desktop, places: Places, program: str
) -> None:
    """Qt 5 takes the first one to be active after each change of the keymap, until it hears of any state."""
    app = places.go(program, "ru of us+ru")
    expected = dictate(script, app, CYRILLIC)
    desktop.user.tap(KEY_G)
    app.shows(expected + "п")


def dictate(script: Script, app: App, dictation: Sequence[str]) -> str:
    """A whole dictation; returns what must stand in the program then."""
    if isinstance(app, Shell):
        app.begin()
    before = app.text
    *drafts, last = dictation
    script.erased = 0
    script.begin()
    script.speak()
    for window, text in enumerate(drafts):
        script.feed(TranscriptSegment(1, text, Confidence.DRAFT, window, to_pause=True))
    sure = (1.0,) * len(last.split())  # so that the early word is worth its mending
    final = TranscriptSegment(
        1, last, Confidence.CONFIRMED, len(drafts), to_pause=True, final=True, gains=sure
    )
    script.feed(final)
    script.feed(Stopped())
    assert script.session.finished
    assert script.erased >= len("une")
    if simple(last):
        assert script.session.text == last
    return before + script.session.done
