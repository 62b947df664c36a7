"""Typing through IBus: real dictations into real programs, and what may come between."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.real.browser import INPUT, TEXTAREA
from tests.real.ibus import OWN, IBus, IBusBrowser, ibus, own_ibus
from tests.real.script import Script
from tests.real.xserver import CONTROL_R, KEY_A, KEY_X, SHIFT_L, App, wait_until
from voicetype.core.events import Erasing, FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import Keyboard, Purpose
from voicetype.keyboard.ibus import IBusKeyboard
from voicetype.keyboard.process import ProcessKeyboard
from voicetype.proof import Proof

pytestmark = pytest.mark.real

__all__ = ["ibus", "own_ibus"]

TAB, LEFT, END = 23, 113, 115
OURS, OTHER = "voicetype", "xkb:us:intl:eng"

SPOKEN = {
    # drafts, one after the other; what the heavy model says in the middle, and in the end
    "ASCII": (
        ["the quick", "the quick brown fax", "the quick brown fax jumps over"],
        "the quick brown fax jumps",
        "The quick brown fox jumps over it.",
    ),
    "accents": (
        ["le cœur a", "le cœur a ses résons", "le cœur a ses résons que"],
        "le cœur a ses résons",
        "Le cœur a ses raisons, où ça ?",
    ),
    "Greek": (["καλημέρα", "καλημέρα κοσμε", "καλημέρα κοσμε μου"], "καλημέρα κοσμε", "Καλημέρα, κόσμε μου."),
    "CJK": (["你好 世", "你好 世界 早上", "你好 世界 早上好"], "你好 世界 早上", "你好, 世间 早上好。"),
    "emoji": (
        ["party 🎉", "party 🎉 with 👩‍💻", "party 🎉 with 👩‍💻 and 👍🏽"],
        "party 🎉 with 👩‍💻 and",
        "Party 🎊 with 👩‍🚀 and 👍🏽 🇫🇷 🇩🇪",
    ),
    "Devanagari": (["नमस्ते", "नमस्ते दुनिय", "नमस्ते दुनिया कैसे"], "नमस्ते दुनिय कैसे", "नमस्ते, दुनिया कैसे हो?"),
}


class User(Script):
    """Dictates, and has a keyboard."""

    def __init__(self, keyboard: Keyboard, ibus: IBus) -> None:
        super().__init__(keyboard)
        self.user = ibus.desktop.user


@pytest.fixture
def script(ibus: IBus) -> Iterator[User]:
    """`ibus` is up by then, and the user has an engine."""
    if ibus.engine != OWN:
        ibus.use_own()
    script = User(IBusKeyboard(), ibus)
    yield script
    script.keyboard.close()
    assert ibus.engine == OWN


@pytest.fixture
def in_process(own_ibus: IBus) -> Iterator[User]:
    """As the daemon has it; `own_ibus` is up by then."""
    assert own_ibus.engine == OWN
    script = User(ProcessKeyboard("ibus", "voicetype.keyboard.ibus", {}), own_ibus)
    yield script
    script.keyboard.close()


@pytest.fixture(scope="module")
def browser(ibus: IBus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IBusBrowser]:
    if not shutil.which("chromium"):
        pytest.skip("not installed: chromium")
    browser = IBusBrowser(ibus.desktop, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def gtk(ibus: IBus) -> App:
    return ibus.gtk()


@pytest.fixture(scope="module")
def gtk_entry(ibus: IBus) -> App:
    return ibus.gtk("gtk_entry.py")


@pytest.fixture(scope="module")
def qt5(ibus: IBus) -> App:
    return ibus.qt("PyQt5")


@pytest.fixture(scope="module")
def qt6(ibus: IBus) -> App:
    return ibus.qt("PyQt6", "QLineEdit")


@pytest.fixture(scope="module")
def textarea(browser: IBusBrowser) -> App:
    return browser.open(TEXTAREA)


@pytest.fixture(scope="module")
def page_input(browser: IBusBrowser) -> App:
    return browser.open(INPUT)


TELLING = ["gtk", "gtk_entry", "qt5", "qt6"]
"""Those that say what stands before the caret."""

APPS = [*TELLING, "textarea", "page_input"]


@pytest.fixture(params=APPS)
def running(request: pytest.FixtureRequest, ibus: IBus) -> App:
    """Each program, with the focus."""
    app = request.getfixturevalue(request.param)
    assert isinstance(app, App)
    ibus.focus(app)
    return app


@pytest.fixture
def app(ibus: IBus, running: App) -> App:
    """Each program, with the focus, and empty."""
    return emptied(ibus, running)


telling = pytest.mark.parametrize("running", TELLING, indirect=True)


@pytest.fixture
def view(ibus: IBus, gtk: App) -> App:
    """The GTK text view, with the focus, and empty."""
    return emptied(ibus, gtk)


def emptied(ibus: IBus, app: App) -> App:
    user = ibus.desktop.user
    ibus.focus(app)

    def empty() -> bool:
        user.press(CONTROL_R)
        user.tap(KEY_A)
        user.release(CONTROL_R)
        user.tap(119)  # Delete
        with suppress(AssertionError):
            app.shows("")
        return app.text == ""

    if app.text:
        wait_until(empty, f"{app.title} is empty")
    return app


def begin(script: User) -> None:
    """Claim the field, once IBus knows that the program has the focus; see `IBus.focus`."""

    def begun() -> bool:
        if refused(script):
            script.user.tap(SHIFT_L)
            return False
        return True

    wait_until(begun, "a field has the focus")


def make_known(script: User, app: App) -> None:
    """Let a program tell of its text, if it does."""
    begin(script)
    before = app.text
    script.keyboard.apply(Patch(0, "x"))
    app.shows(before + "x")
    script.keyboard.release()


def shows(app: App, committed: str, preedit: str) -> None:
    """Chromium has the preedit in its text."""
    app.shows(committed + preedit if app.title.startswith("Chromium") else committed)


def interrupted(script: User, patch: Patch) -> PatchInterrupted:
    with pytest.raises(PatchInterrupted) as caught:
        script.keyboard.apply(patch)
    return caught.value


def refused(script: User) -> str:
    """Why there is no claim; empty where there is one."""
    try:
        script.begin()
    except KeyboardError as error:
        return error.sentence
    return ""


def hears(script: User, what: FocusChanged | UserTyped) -> None:
    script.wait_for(lambda: what in script.heard, wait_until)


# ── the matrix ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("spoken", sorted(SPOKEN))
@pytest.mark.parametrize("known", [False, True], ids=["first", "second"])
def test_the_program_has_what_was_dictated(running: App, script: User, spoken: str, known: bool) -> None:
    drafts, half, whole = SPOKEN[spoken]
    if known:
        make_known(script, running)
    begin(script)
    before = running.text
    if known:
        tells = not running.title.startswith("Chromium")
        assert script.claim.erasing is (Erasing.EXACT if tells else Erasing.NONE)
    assert script.claim.preedit
    script.speak(1)
    for each in drafts:
        script.draft(each, 1)
    script.confirm(half, 1, final=False)
    script.speak(2)
    script.draft("and mere", 2)
    script.confirm(whole, 1)
    script.draft("and more of", 2)
    script.confirm("And more of it.", 2)
    assert script.end() == f"{whole} And more of it."
    running.shows(f"{before}{whole} And more of it.")


@telling
def test_line_breaks_are_committed_and_erased(app: App, script: User) -> None:
    """The field tells the caret's line alone, and one of one line takes them for characters."""
    begin(script)
    for patch, stands in (
        (Patch(0, "one"), "one"),
        (Patch(0, "\ntwo"), "one\ntwo"),
        (Patch(4, "\n"), "one\n"),
        (Patch(0, "\n"), "one\n\n"),
        (Patch(0, "so", draft=1), None),
        (Patch(5, "ly\nit"), "only\nit"),
        (Patch(7, ""), ""),
    ):
        script.keyboard.apply(replace(patch, new_lines=NewLine.SHIFT_RETURN))
        if stands is not None:
            app.shows(stands)
            assert not Proof(script.keyboard.read).denied(stands)
    assert script.heard == []


def test_a_line_break_alone_reaches_chromium(ibus: IBus, script: User, textarea: App) -> None:
    """It takes a character alone for a key."""
    ibus.focus(textarea)
    begin(script)
    before = textarea.text
    for text, draft in (("one", 0), ("\n", 0), ("\n", 0), ("two", 2), ("\nthree", 3)):
        script.keyboard.apply(Patch(0, text, draft=draft, new_lines=NewLine.SHIFT_RETURN))
    script.keyboard.release()
    textarea.shows(before + "one\n\ntwo\nthree")


@telling
def test_committed_text_is_mended_exactly(app: App, script: User) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "one 😀 two 👩‍💻 thrée "))
    app.shows("one 😀 two 👩‍💻 thrée ")
    script.keyboard.apply(Patch(12, "two 🇩🇪 three", draft=5))
    script.keyboard.apply(Patch(7, "नमस्ते"))
    app.shows("one 😀 two नमस्ते")
    assert script.keyboard.read(6) == "नमस्ते"
    script.keyboard.apply(Patch(4, ""))
    app.shows("one 😀 two ")
    script.keyboard.apply(Patch(10, ""))
    app.shows("")
    script.keyboard.apply(Patch(0, "again"))
    app.shows("again")


def test_committed_text_that_is_not_shown_is_not_deleted(textarea: App, script: User, ibus: IBus) -> None:
    emptied(ibus, textarea)
    begin(script)
    script.keyboard.apply(Patch(0, "kept draft", draft=5))
    assert script.keyboard.read(5) is None
    error = interrupted(script, Patch(7, "no"))
    assert (error.reason, error.erased, error.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
    script.keyboard.apply(Patch(5, "text"))
    textarea.shows("kept text")


def test_a_draft_is_not_the_application_s_text(app: App, script: User) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "kept draft", draft=5))
    shows(app, "kept ", "draft")
    script.keyboard.apply(Patch(5, "", draft=0))
    script.keyboard.release()
    app.shows("kept ")


def test_what_stands_at_the_end_is_kept(app: App, script: User, ibus: IBus) -> None:
    begin(script)
    assert ibus.engine == OURS
    script.keyboard.apply(Patch(0, "a draft", draft=5))
    script.keyboard.release()
    app.shows("a draft")
    assert ibus.engine == OWN
    script.keyboard.release()


def test_control_characters_become_spaces(view: App, script: User) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "a\nb\tc\x1b\u2028e\u0301", draft=3))
    script.keyboard.release()
    view.shows("a b c  é")


# ── what a claim says ────────────────────────────────────────────────────────────────────────────


def test_a_field_that_is_new(view: App, script: User) -> None:
    begin(script)
    claim = script.claim
    assert (claim.continues, claim.purpose, claim.erasing, claim.preedit) == (
        False,
        Purpose.TEXT,
        Erasing.NONE,
        True,
    )
    assert view.text == ""


def test_a_second_dictation_continues_where_the_caret_is_seen(ibus: IBus, qt5: App, script: User) -> None:
    emptied(ibus, qt5)
    begin(script)
    script.keyboard.apply(Patch(0, "One."))
    script.keyboard.release()
    begin(script)
    assert script.claim.continues
    assert script.keyboard.read(9) == "One."
    script.keyboard.apply(Patch(2, "ce."))
    qt5.shows("Once.")
    script.keyboard.release()
    ibus.desktop.user.tap(LEFT)
    wait_until(lambda: refused(script) == "" and not script.claim.continues, "the caret is elsewhere")


def test_a_program_without_ibus_is_no_field(ibus: IBus, gtk: App, script: User) -> None:
    ibus.focus(gtk)
    deaf = ibus.deaf()
    wait_until(lambda: refused(script) == "No text field has the focus.", "it is refused")
    assert ibus.engine == OWN
    deaf.end()


def test_text_that_nobody_takes_is_not_said_to_be_typed(ibus: IBus, qt5: App, script: User) -> None:
    """Qt does not tell IBus that another program has the focus, if that does not either."""
    emptied(ibus, qt5)
    make_known(script, qt5)
    begin(script)
    script.keyboard.apply(Patch(0, "shown "))
    deaf = ibus.deaf()
    hears(script, UserTyped())  # Qt lets go of the preedit, as it does at a click
    error = interrupted(script, Patch(0, "lost"))
    assert error.reason in (Interruption.BROKEN, Interruption.FOCUS)
    assert (error.erased, error.typed) == (0, 0)
    assert interrupted(script, Patch(0, "lost")).reason is error.reason
    assert (qt5.text, deaf.text) == ("xshown ", "")
    deaf.end()


def test_a_password_field_is_refused(ibus: IBus, script: User) -> None:
    fields = ibus.fields()
    begin(script)
    script.keyboard.apply(Patch(0, "text"))
    ibus.desktop.user.tap(TAB)
    hears(script, FocusChanged(ours=False))
    wait_until(lambda: refused(script) == "", "the entry has the focus")
    script.keyboard.apply(Patch(0, "entry"))
    ibus.desktop.user.tap(TAB)
    wait_until(lambda: refused(script) != "", "the password is refused")
    fields.shows("text\nentry\n")
    fields.end()


def test_the_password_of_a_web_page_takes_nothing(browser: IBusBrowser, script: User) -> None:
    """Chromium keeps IBus away from it, though it does not say so."""
    page = browser.open('<input type="password" autofocus>')
    if not refused(script):
        script.keyboard.apply(Patch(0, "secret draft", draft=5))
        script.keyboard.release()
    ibus_sees = browser.open(TEXTAREA)
    wait_until(lambda: refused(script) == "", "another page has the focus")
    script.keyboard.apply(Patch(0, "text"))
    ibus_sees.shows("text")
    assert page.text == ""


# ── the user ─────────────────────────────────────────────────────────────────────────────────────


def test_a_key_of_the_user_comes_out_behind_the_draft(app: App, script: User, ibus: IBus) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "kept draft", draft=5))
    ibus.desktop.user.tap(KEY_X)
    hears(script, UserTyped())
    app.shows("kept draftx")
    assert interrupted(script, Patch(3, "no")).reason is Interruption.FOREIGN_INPUT
    script.keyboard.apply(Patch(0, " more", draft=2))
    shows(app, "kept draftx mo", "re")
    script.keyboard.release()
    app.shows("kept draftx more")


def test_modifiers_are_no_typing(view: App, script: User, ibus: IBus) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "draft", draft=5))
    for key in (SHIFT_L, CONTROL_R):
        ibus.desktop.user.tap(key)
    script.keyboard.apply(Patch(1, "gon"))
    view.shows("drafgon")
    assert not script.heard


def test_a_click_of_the_user(app: App, script: User, ibus: IBus) -> None:
    """The draft stays, once: where it was or where the caret is now, as the toolkit has it."""
    begin(script)
    script.keyboard.apply(Patch(0, "kept draft", draft=5))
    shows(app, "kept ", "draft")
    ibus.desktop.user.tap(LEFT)
    hears(script, UserTyped())
    app.shows("kept draft")
    script.keyboard.apply(Patch(0, "new", draft=3))
    script.heard.clear()
    ibus.desktop.user.click(1, app.title)
    hears(script, UserTyped())
    wait_until(lambda: sorted(app.text) == sorted("kept draftnew"), "the draft is kept")
    assert "new" in app.text
    with pytest.raises(PatchInterrupted):
        script.keyboard.apply(Patch(1, ""))


def test_dead_keys_still_compose(app: App, script: User, ibus: IBus) -> None:
    ibus.desktop.layout("us(intl)")
    try:
        begin(script)
        script.keyboard.apply(Patch(0, "caf"))
        ibus.desktop.user.tap(48)  # dead_acute
        ibus.desktop.user.tap(26)  # e
        app.shows("café")
        ibus.desktop.user.tap(48)
        ibus.desktop.user.tap(KEY_X)  # takes no accent
        app.shows("café'x")
        hears(script, UserTyped())
    finally:
        ibus.desktop.layout("us")


# ── the focus ────────────────────────────────────────────────────────────────────────────────────


def test_the_focus_moves_in_the_middle_of_a_draft(app: App, script: User, ibus: IBus) -> None:
    """The session says what is to stand when the focus is back: every word, once."""
    other = ibus.gtk()
    ibus.focus(app)
    make_known(script, app)
    begin(script)
    script.speak()
    script.draft("these words are a draft that")
    shows(app, "x", "these words are a draft")
    ibus.focus(other)
    hears(script, FocusChanged(ours=False))
    assert interrupted(script, Patch(0, " more")).reason is Interruption.FOCUS
    script.confirm("these words are a draft.")
    ibus.focus(app)
    script.wait_for(lambda: not script.session.lost_focus, wait_until)
    script.end()
    app.shows("xthese words are a draft.")
    assert other.text == ""
    other.end()


def test_the_window_is_killed(ibus: IBus, script: User) -> None:
    doomed = ibus.gtk()
    begin(script)
    script.keyboard.apply(Patch(0, "gone", draft=2))
    doomed.end()
    hears(script, FocusChanged(ours=False))
    assert interrupted(script, Patch(0, "more")).reason is Interruption.FOCUS


# ── the engine ───────────────────────────────────────────────────────────────────────────────────


def test_another_engine_chosen_by_the_user_is_left_alone(view: App, script: User, ibus: IBus) -> None:
    begin(script)
    script.keyboard.apply(Patch(0, "ours", draft=0))
    ibus.choose(OTHER)
    hears(script, FocusChanged(ours=False))
    assert interrupted(script, Patch(0, "more")).reason is Interruption.FOCUS
    script.keyboard.release()
    assert ibus.engine == OTHER
    view.shows("ours")
    ibus.choose(OWN)


def test_the_engine_is_remembered_for_the_user_alone(view: App, script: User) -> None:
    begin(script)
    file = Path(os.environ["XDG_RUNTIME_DIR"], "voicetype", "ibus-engine")
    assert file.read_text() == OWN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    script.keyboard.release()
    assert not file.exists()
    assert view.text == ""


def test_ibus_daemon_ends_and_another_begins(in_process: User, own_ibus: IBus) -> None:
    own_ibus.gtk()
    begin(in_process)
    in_process.keyboard.apply(Patch(0, "draft", draft=5))
    own_ibus.kill()
    hears(in_process, FocusChanged(ours=False))
    assert interrupted(in_process, Patch(0, "more")).reason is Interruption.BROKEN
    with pytest.raises(KeyboardError) as caught:
        in_process.keyboard.claim()
    assert caught.value.sentence == "IBus is not running."
    in_process.keyboard.release()
    own_ibus.start()
    view = own_ibus.gtk()
    begin(in_process)
    in_process.keyboard.apply(Patch(0, "again"))
    view.shows("again")
    in_process.keyboard.release()
    own_ibus.has_engine(OWN)


def test_the_child_is_killed(in_process: User, own_ibus: IBus) -> None:
    view = own_ibus.gtk()
    begin(in_process)
    in_process.keyboard.apply(Patch(0, "kept draft", draft=5))
    os.kill(child_of(os.getpid()), signal.SIGKILL)
    hears(in_process, FocusChanged(ours=False))
    own_ibus.has_engine(OWN)
    begin(in_process)
    assert own_ibus.engine == OURS
    in_process.keyboard.apply(Patch(0, "more"))
    wait_until(lambda: view.text.endswith("more"), "the second child types")
    in_process.keyboard.release()
    own_ibus.has_engine(OWN)


def test_the_daemon_is_killed(own_ibus: IBus) -> None:
    """voicetype's own: its child gives the engine back."""
    view = own_ibus.gtk()
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "typed\n"
        assert own_ibus.engine == OURS
        view.shows("kept ")
        parent.kill()
    own_ibus.has_engine(OWN)
    view.shows("kept draft")


def test_both_are_killed_and_the_next_one_gives_the_engine_back(own_ibus: IBus) -> None:
    own_ibus.gtk()
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "typed\n"
        child = child_of(parent.pid)
        os.kill(parent.pid, signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        parent.kill()
    wait_until(lambda: own_ibus.engine == "", "IBus leaves the user without an engine")
    keyboard = IBusKeyboard()
    keyboard.open(lambda _: None)
    keyboard.close()
    assert own_ibus.engine == OWN


PARENT = """
import time
from voicetype.core.events import Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard.process import ProcessKeyboard
keyboard = ProcessKeyboard("ibus", "voicetype.keyboard.ibus", {})
keyboard.open(lambda _: None)
while True:
    try:
        keyboard.claim()
        break
    except KeyboardError:
        time.sleep(0.01)
keyboard.apply(Patch(0, "kept draft", draft=5))
print("typed", flush=True)
time.sleep(60)
"""


def child_of(parent: int) -> int:
    command = ["pgrep", "-P", str(parent), "-f", "voicetype.keyboard.ibus"]
    return int(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)


# ── where there is no IBus ───────────────────────────────────────────────────────────────────────


def test_open_where_none_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("IBUS_ADDRESS", raising=False)
    keyboard = IBusKeyboard()
    with pytest.raises(KeyboardError) as caught:
        keyboard.open(lambda _: None)
    assert caught.value.sentence == "IBus is not running."
    keyboard.close()
