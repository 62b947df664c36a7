"""The tray's menu in GTK. All of it belongs to GTK's thread.

A menu that is open stays open, and stays where it is, while what it shows changes: lines of the same kinds
are changed in place, and only a menu whose lines differ in kind or number is filled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicetype.tray.items import SEPARATOR, Action, Item, Menu

Act = Callable[[Action], None]


class Rows:
    """A menu and its lines. `gtk` is the Gtk.Menu."""

    def __init__(self, act: Act) -> None:
        from gi.repository import Gtk

        self.gtk: Any = Gtk.Menu()
        self._act = act
        self._rows: list[_Row] = []

    def show(self, menu: Menu) -> None:
        """These lines, in place where they fit."""
        kinds = [_kind(item) for item in menu]
        if kinds != [row.kind for row in self._rows]:
            for row in self._rows:
                row.gtk.destroy()
            self._rows = [_Row(kind, self._act) for kind in kinds]
            for row in self._rows:
                self.gtk.append(row.gtk)
        for row, item in zip(self._rows, menu, strict=True):
            row.show(item)


class _Row:
    """A line. What it does is what its item says when it is chosen."""

    def __init__(self, kind: str, act: Act) -> None:
        from gi.repository import Gtk

        self.kind = kind
        self._act = act
        self._item = SEPARATOR
        self._below: Rows | None = None
        self.gtk: Any = Gtk.SeparatorMenuItem()
        if kind == "separator":
            return
        self.gtk = Gtk.CheckMenuItem() if kind in ("check", "radio") else Gtk.MenuItem()
        if kind == "radio":
            self.gtk.set_draw_as_radio(True)
        if kind == "submenu":
            self._below = Rows(act)
            self.gtk.set_submenu(self._below.gtk)
        else:
            self._chosen = self.gtk.connect("activate", self._activate)

    def show(self, item: Item) -> None:
        """Another item of the same kind."""
        before, self._item = self._item, item
        if item != before and self.kind != "separator":
            self.gtk.set_label(item.label)
            self.gtk.set_sensitive(item.enabled)
            if item.checked is not None:
                self._mark(item.checked)
            if self._below is not None:
                self._below.show(item.submenu)
        self.gtk.show()

    def _mark(self, checked: bool) -> None:
        with self.gtk.handler_block(self._chosen):  # GTK takes a mark that is set for a choice
            self.gtk.set_active(checked)

    def _activate(self, _widget: object) -> None:
        if self._item.checked is not None:
            self._mark(self._item.checked)  # GTK turned it; what is marked is what is in force
        if self._item.action is not None:
            self._act(self._item.action)


def _kind(item: Item) -> str:
    if item == SEPARATOR:
        return "separator"
    if item.submenu:
        return "submenu"
    if item.checked is None:
        return "plain"
    return "radio" if item.radio else "check"
