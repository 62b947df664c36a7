"""A program that owns the clipboard and misbehaves; argument 1 is its file, argument 2 says how.

"silent": it answers nobody. "endless": it offers a format that never ends. "unwilling": it lists two formats
and has one. "manager": it watches whoever copies, reads it at once as clipboard managers do, and writes what
it got to its file, a line each. "saver": it takes over what a program asks it to when that ends.
"""

import os
import sys
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.ext import xfixes
from Xlib.protocol.event import SelectionNotify

file, manner = sys.argv[1:3]
display = Display()
window = display.screen().root.create_window(0, 0, 1, 1, 0, 0, X.InputOnly, X.CopyFromParent)
clipboard, manager, utf8, targets, incr = (
    display.intern_atom(name) for name in ("CLIPBOARD", "CLIPBOARD_MANAGER", "UTF8_STRING", "TARGETS", "INCR")
)
got: list[str] = []


def save() -> None:
    with open(file + ".new", "w", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in got))
    os.replace(file + ".new", file)


def tell(event: Any, into: int, known: bool) -> None:
    fields = {"time": event.time, "requestor": event.requestor, "selection": event.selection}
    event.requestor.send_event(
        SelectionNotify(**fields, target=event.target, property=into if known else X.NONE)
    )


def take_over(order: Any) -> None:
    """SAVE_TARGETS: read the clipboard, own it, and tell the program that it may end."""
    window.convert_selection(clipboard, utf8, utf8, X.CurrentTime)
    while (event := display.next_event()).type != X.SelectionNotify:
        pass
    got.append(window.get_full_property(event.property, X.AnyPropertyType).value.decode())
    save()
    window.set_selection_owner(clipboard, X.CurrentTime)
    tell(order, order.property, known=True)


def answer(event: Any) -> None:
    if event.selection == manager:
        take_over(event)
        return
    into, known = event.property, True
    if event.target == targets:
        event.requestor.change_property(into, Xatom.ATOM, 32, [targets, utf8, Xatom.STRING])
    elif event.target == utf8 and manner == "endless":
        event.requestor.change_attributes(event_mask=X.PropertyChangeMask)
        event.requestor.change_property(into, incr, 32, [10**6])
    elif event.target == utf8:
        event.requestor.change_property(into, utf8, 8, (got or ["mine"])[0].encode())
    else:
        known = False
    tell(event, into, known)


if manner == "manager":
    display.xfixes_query_version()
    display.xfixes_select_selection_input(window, clipboard, xfixes.XFixesSetSelectionOwnerNotifyMask)
else:
    window.set_selection_owner(manager if manner == "saver" else clipboard, X.CurrentTime)
display.sync()
save()
while True:
    event = display.next_event()
    if event.type == X.SelectionRequest and manner != "silent":
        answer(event)
    elif event.type == X.SelectionNotify:
        found = event.property and window.get_full_property(event.property, X.AnyPropertyType)
        got.append(found.value.decode(errors="replace") if found else "nothing")
        save()
    elif event.type == display.extension_event.SetSelectionOwnerNotify[0]:
        window.convert_selection(clipboard, utf8, utf8, X.CurrentTime)
    display.flush()
