"""Dictation that types while you speak and is right when you stop."""

__version__ = "0.1.0"
