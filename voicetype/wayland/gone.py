"""What the parts of this package raise where they can't go on; apart, for pywayland may not be there."""

from __future__ import annotations


class Gone(Exception):
    """There is no compositor (any more)."""
