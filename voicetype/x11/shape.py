"""The shape of a window: where it is seen, and where a click reaches it.

GTK's own way to this needs the bindings of a drawing library that a desktop often lacks.
"""

from __future__ import annotations

from Xlib import X
from Xlib.ext import shape

from voicetype.x11.connection import LOST, NoDisplay, connect

Rectangle = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


def reshape(window: int, outline: list[Rectangle]) -> None:
    """Let every click through to what is below, and show the window inside `outline` alone.

    Raises NoDisplay where there is no such window, or no X server that can do it.
    """
    display = connect()
    try:
        if not display.has_extension(shape.extname):
            raise NoDisplay("the X server lacks the extension SHAPE")
        target = display.create_resource_object("window", window)
        target.shape_rectangles(shape.SO.Set, shape.SK.Input, X.Unsorted, 0, 0, [])
        target.shape_rectangles(shape.SO.Set, shape.SK.Bounding, X.Unsorted, 0, 0, outline)
        if target.shape_get_rectangles(shape.SK.Input).rectangles:
            raise NoDisplay("the X server does not let clicks through")
    except LOST as error:
        raise NoDisplay(str(error)) from error
    finally:
        display.close()


def rounded(width: int, height: int, radius: int) -> list[Rectangle]:
    """A rectangle with round corners, in rows: above, in the middle, below."""
    radius = min(radius, width // 2, height // 2)
    insets = [radius - round((radius**2 - (radius - row - 0.5) ** 2) ** 0.5) for row in range(radius)]
    above = [(inset, row, width - 2 * inset, 1) for row, inset in enumerate(insets)]
    below = [(x, height - 1 - y, across, 1) for x, y, across, _ in reversed(above)]
    return [*above, (0, radius, width, height - 2 * radius), *below]
