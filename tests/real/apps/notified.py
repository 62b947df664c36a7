"""A notification service, which prints what it is told to show as lines of JSON."""

import json
import sys
from typing import Any

from gi.repository import Gio, GLib

INTERFACE = """
<node><interface name="org.freedesktop.Notifications"><method name="Notify">
  <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
  <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
  <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
</method></interface></node>
"""


def say(*what: object) -> None:
    print(json.dumps(what), flush=True)


def answer(*call: Any) -> None:
    parameters, invocation = call[5], call[6]
    _, replaces, _, summary, body, *_ = parameters.unpack()
    say("notified", [replaces, summary, body])
    invocation.return_value(GLib.Variant("(u)", (7,)))


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
