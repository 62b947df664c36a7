"""What a dictation goes by, whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from voicetype.config_fields import Words
from voicetype.core.commands import Listening
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import Patching, Terms
from voicetype.core.vocabulary import Vocabulary
from voicetype.core.windows import Cadence


@dataclass(frozen=True, slots=True)
class Settings:
    """Fixed for the length of a session."""

    rules: EndpointingRules = field(default_factory=EndpointingRules)
    cadence: Cadence = field(default_factory=Cadence)
    patching: Patching = Patching.DIFF
    terms: Terms = Terms()  # as the user wants them; the window's policy and its keyboard may leave less
    applications: Words = Words()  # the user's rules, pattern -> policy
    new_lines: Words = Words()  # the user's, pattern -> what types a line break
    on_focus_change: str = "pause"  # or "continue" in the window that has it then, or "stop"
    vad_aggressiveness: int = 2
    beam_size: int = 5  # of the heavy model's passes at a pause and at the end
    verification: bool = True  # the heavy model judges what stands; False: it decodes every window
    language: str = "auto"
    languages: tuple[str, ...] = ()  # what "auto" may be; any where this is empty
    presumed: str = ""  # the language that "auto" begins with, and is where the models are not sure
    vocabulary: Vocabulary = Vocabulary()  # the user's own words, wherever they hold
    commands: Listening = Listening.OFF  # which spoken words are commands
    realtime: bool = True  # False: the source waits for the models
    strategy: str = "dual"  # who hears, for people: the models know
