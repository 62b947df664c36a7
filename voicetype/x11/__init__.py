"""What the X11 keyboard and the X11 hotkey share: a connection, its thread, and which keys are our own.

The two adapters don't know each other; both stand on this and on the facts of the X server.
"""
