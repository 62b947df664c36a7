"""The icon in the tray: what the daemon does, and a menu for what can be asked of it.

Three threads meet here. Whoever calls only puts a job in the queue of the tray's own thread "tray". That one
owns all there is to know, asks the daemon (which may wait) and works out the menu. GTK's thread is told what
to show, and never waits for anybody.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicetype import config_writing, languages
from voicetype.control import Control, State, Status
from voicetype.errors import DesktopError, NotTyped, VoicetypeError
from voicetype.jobs import Jobs
from voicetype.toolkit import Toolkit
from voicetype.tray import host, icons, report
from voicetype.tray.items import Action, Command, Configure, Copy, Menu, TypeAgain
from voicetype.tray.menu import menu, sentence
from voicetype.tray.notifications import Notifications, Offer
from voicetype.tray.view import Preset, View, model
from voicetype.tray.widgets import Rows

_MENU_CLOSES_S = 0.3
"""How long a choice waits before it types. The menu is the panel's window, so nobody tells us when it is
gone, and until then it holds the keyboard: nothing would reach the window that had the focus."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What the menu offers beside what the daemon knows.

    `microphones` names those that are there; `presets` are pairs of a fast and a heavy model, by name;
    `configuration` is the file, which need not be there yet.
    """

    microphones: Callable[[], Sequence[str]]
    presets: Mapping[str, tuple[str, str]]
    configuration: Path


class Tray:
    """The icon and its menu. Every method is for any thread but GTK's, and none of them waits but `open` and
    `close`.
    """

    def __init__(self, control: Control, toolkit: Toolkit, offers: Offers) -> None:
        self._control, self._toolkit, self._offers = control, toolkit, offers
        self._notifications = Notifications(toolkit)
        self._jobs = Jobs("tray")
        self._closing = threading.Event()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        # GTK's thread
        self._icon: Any = None
        self._rows: Rows
        # the tray's thread
        self._view: View
        self._menu: Menu = ()
        self._look = (icons.Face.LOADING, 0)
        self._doctor: threading.Thread | None = None

    def open(self) -> None:
        """Show the icon, with what is now. Raises DesktopError where there can be none."""
        pictures = self._write_pictures()
        try:
            self._view = View(self._control.status(), self._control.config())
            self._menu = menu(self._view)
            self._toolkit.call(lambda: self._begin(pictures))
        except BaseException:
            self._forget_pictures()
            raise
        self._ask(self._look_around)

    def unseen(self) -> DesktopError | None:
        """Why nobody can see the icon now, if so; it shows as soon as a tray is there."""
        return host.unseen()

    def show(self, status: Status) -> None:
        """What the daemon does now."""
        self._ask(lambda: self._show(status))

    def problem(self, error: VoicetypeError) -> None:
        """What went wrong: a notification, and the head of the menu until the next dictation."""
        self._ask(lambda: self._problem(error))

    def level(self, level: float) -> None:
        """How loud it is, from 0 to 1; seen while listening."""
        self._ask(lambda: self._set_look(icons.step(level)))

    def close(self) -> None:
        """Take the icon away; before the toolkit is closed. Safe to call twice, and without `open`."""
        self._closing.set()
        # Not waiting for a job under way: it may be asking the daemon, which may be who closes us.
        self._jobs.close(wait=False)
        if self._icon is not None:
            with suppress(DesktopError):  # the loop is over, and the icon with it
                self._toolkit.call(self._end)
        self._forget_pictures()

    def _write_pictures(self) -> Mapping[tuple[icons.Face, int], Path]:
        """Those of the icon. Raises DesktopError."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        try:
            # Not /tmp where it can be helped: the panel would not see ours if the service has its own.
            folder = runtime if os.path.isdir(runtime) else None
            self._folder = tempfile.TemporaryDirectory(prefix="voicetype-tray-", dir=folder)
            return host.write_pictures(Path(self._folder.name))
        except OSError as error:
            self._forget_pictures()
            raise DesktopError(
                f"The pictures of the tray icon can't be written: {error.strerror}.",
                "Make room in the folder that XDG_RUNTIME_DIR names, and in /tmp. All else works without.",
            ) from error

    def _forget_pictures(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    # on GTK's thread

    def _begin(self, pictures: Mapping[tuple[icons.Face, int], Path]) -> None:
        self._rows = Rows(self._choose)
        self._rows.show(self._menu)
        self._icon = host.icon(self._rows, pictures)
        self._icon.run_detached()

    def _end(self) -> None:
        icon, self._icon = self._icon, None
        if icon is not None:
            icon.end()

    def _fill(self, lines: Menu, title: str) -> None:
        self._rows.show(lines)
        if self._icon is not None:
            self._icon.title = f"voicetype: {title}"

    def _put_on(self, face: icons.Face, step: int) -> None:
        if self._icon is not None:
            self._icon.look(face, step)

    def _choose(self, action: Action) -> None:
        self._ask(lambda: self._do(action))

    # on the tray's thread

    def _ask(self, job: Callable[[], None]) -> None:
        def do() -> None:
            try:
                job()
            except VoicetypeError as error:
                self._problem(error)

        self._jobs.ask(do)

    def _do(self, action: Action) -> None:
        match action:
            case Command.TOGGLE:
                self._control.toggle()
            case Command.UNDO:
                if not self._closing.wait(_MENU_CLOSES_S):
                    self._control.undo_last().result()
            case Command.QUIT:
                self._control.quit()
            case Command.OPEN_CONFIGURATION:
                self._open_configuration()
            case Command.DOCTOR:
                self._call_doctor()
            case Configure(values):
                self._control.configure(dict(values))
                self._view = replace(self._view, problem=("", ""))
                self._look_around()
            case Copy(text):
                self._toolkit.post(lambda: _copy(text))
            case TypeAgain(text):
                if not self._closing.wait(_MENU_CLOSES_S):
                    self._control.type_again(text)

    def _call_doctor(self) -> None:
        """It listens and measures: long enough for a thread of its own, and for an impatient second click."""
        if self._doctor is None or not self._doctor.is_alive():
            self._doctor = threading.Thread(target=self._examine, name="tray-doctor", daemon=True)
            self._doctor.start()

    def _examine(self) -> None:
        try:
            said = report.said_by(self._offers.configuration, "doctor")
        except DesktopError as error:
            self.problem(error)
            return
        if not self._closing.is_set():
            self._toolkit.post(lambda: report.show("voicetype doctor", said))

    def _open_configuration(self) -> None:
        path = self._offers.configuration
        if not path.exists():
            config_writing.initialise(path)
        report.open_file(path)

    def _look_around(self) -> None:
        """All anew, the models and microphones too."""
        control = self._control
        self._view = View(
            control.status(),
            control.config(),
            tuple(model(listed) for listed in control.list_models()),
            tuple(Preset(name, *pair) for name, pair in self._offers.presets.items()),
            tuple(self._offers.microphones()),
            tuple(control.last_texts()),
            languages.of_locale(os.environ),
            self._view.problem,
        )
        self._refresh()

    def _show(self, status: Status) -> None:
        before, self._view = self._view.status, replace(self._view, status=status)
        if status.state is State.LISTENING:
            self._view = replace(self._view, problem=("", ""))
        only_went_on = bool(status.loading) and replace(before, loading=status.loading) == status
        only_sent = replace(before, sending=status.sending) == status
        if only_went_on or only_sent or status.state in (State.LISTENING, State.FINISHING):
            self._refresh()  # the rest is as it was, or can wait until there is nothing better to do
        else:
            self._look_around()

    def _problem(self, error: VoicetypeError) -> None:
        offer = Offer("Copy the text", self._copy_untyped) if isinstance(error, NotTyped) else None
        self._notifications.show(error.sentence, error.hint, offer)
        self._view = replace(self._view, problem=(error.sentence, error.hint))
        self._refresh()

    def _copy_untyped(self) -> None:
        """The newest text that no window took."""

        def copy() -> None:
            for said in self._control.last_texts():
                if said.untyped:
                    self._do(Copy(said.text))
                    return

        self._ask(copy)

    def _refresh(self) -> None:
        """Tell GTK what is other than it was."""
        now, title = menu(self._view), sentence(self._view.status)
        if now != self._menu:
            self._menu = now
            self._toolkit.post(lambda: self._fill(now, title))
        self._set_look(self._look[1])

    def _set_look(self, step: int) -> None:
        face = icons.face(self._view.status)
        look = (face, step if face in icons.GAUGES else 0)
        if look != self._look:
            self._look = look
            self._toolkit.post(lambda: self._put_on(*look))


def _copy(text: str) -> None:
    """Onto the clipboard. On GTK's thread."""
    from gi.repository import Gdk, Gtk

    clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
    clipboard.set_text(text, -1)
    clipboard.store()  # with the desktop's clipboard, where it keeps one: it outlives us there
