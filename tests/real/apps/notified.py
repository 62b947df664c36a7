"""A notification service: prints as JSON lines what it is told to show, and presses what is offered."""

import json
import sys
from typing import Any

from gi.repository import Gio, GLib

INTERFACE = """
<node><interface name="org.freedesktop.Notifications"><method name="Notify">
  <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
  <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
  <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
</method><signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal></interface></node>
"""


def say(*what: object) -> None:
    print(json.dumps(what), flush=True)


def answer(*call: Any) -> None:
    parameters, invocation = call[5], call[6]
    bus, path, name = call[0], call[2], call[3]
    _, replaces, _, summary, body, actions, *_ = parameters.unpack()
    say("notified", [replaces, summary, body])
    invocation.return_value(GLib.Variant("(u)", (7,)))
    if actions:
        say("offered", actions[1::2])
        bus.emit_signal(None, path, name, "ActionInvoked", GLib.Variant("(us)", (7, actions[0])))


def acquired(bus: Gio.DBusConnection, _name: str) -> None:
    interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
    bus.register_object("/org/freedesktop/Notifications", interface, answer, None, None)


loop = GLib.MainLoop()
Gio.bus_own_name(
    Gio.BusType.SESSION,
    "org.freedesktop.Notifications",
    Gio.BusNameOwnerFlags.NONE,
    acquired,
    lambda *_: say("open", None),
    None,
)
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, lambda *_: loop.quit())
loop.run()
