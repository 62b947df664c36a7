"""Hypothesis for every test: no deadline, for the machine may be busy; and how long the fuzzing goes on."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ordinary", deadline=None)
settings.register_profile("long", deadline=None, max_examples=10_000)
"""`pytest --hypothesis-profile long -k fuzz tests`: minutes, not seconds."""
settings.load_profile("ordinary")
