"""Dictation that types while you speak and is right when you stop."""

from voicetype.hardening import forbid_reports

__version__ = "0.1.0"

forbid_reports()  # here, so that no way into the program is without it
