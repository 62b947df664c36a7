"""What the configuration's vocabulary may say, and the `Vocabulary` that it makes.

Regular expressions are those of the package `regex`, for two things that Python's own lack: a limit to the
time that a search takes, since some take exponentially long, and partial matches, by which words that more
words may complete are held back instead of typed and erased.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from voicetype.core.replacements import heard_as
from voicetype.core.vocabulary import Terms, Vocabulary

if TYPE_CHECKING:
    from voicetype.config import TermsConfig, VocabularyConfig

log = logging.getLogger(__name__)

LONGEST = 1_000  # characters of a text, or of an expression
_PATIENCE_S = 0.1  # of processor time, all threads together; a search in an utterance takes microseconds
_TRIES = 3  # of an expression that may have had a bad moment
_GROUP = re.compile(r"\\(?:(\d+)|g<([^>]*)>)")


def hotword_fault(_: str, word: str) -> str:
    """What is wrong with a hotword."""
    if not any(c.isalnum() for c in word):
        return "it must be a word or several"
    return _line_fault(word)


def replacement_fault(heard: str, typed: str) -> str:
    """What is wrong with a replacement; to type nothing is right."""
    if not heard_as(heard):
        return "what is heard must be a word or several"
    return _line_fault(heard) or _line_fault(typed)


def pattern_fault(pattern: str, typed: str) -> str:
    """What is wrong with an expression and its template."""
    if not pattern:
        return "the expression is empty"
    if fault := _line_fault(pattern) or _line_fault(typed):
        return fault
    import regex

    try:
        compiled = regex.compile(pattern)
        _check_template(compiled, typed)
        matches_nothing = compiled.search("", timeout=_PATIENCE_S) is not None
    except TimeoutError:
        return "the expression takes too long"
    except (regex.error, IndexError, RecursionError, ValueError, OverflowError) as error:
        return f"it is no regular expression with its replacement ({_short(error)})"
    return "the expression matches where nothing is" if matches_nothing else ""


def vocabulary(config: VocabularyConfig) -> Vocabulary:
    """What the configuration says; its expressions are right."""
    return Vocabulary(
        _terms(config),
        tuple((code, _terms(terms)) for code, terms in config.languages.items()),
        tuple((pattern, _terms(terms)) for pattern, terms in config.applications.items()),
    )


def _terms(config: TermsConfig) -> Terms:
    return Terms(
        config.hotwords,
        tuple(config.replacements.items()),
        tuple(Expression(pattern, typed) for pattern, typed in config.patterns.items()),
    )


class Expression:
    """A regular expression and its template, as `core.replacements.Pattern`.

    One that takes too long again and again matches nothing from then on. Called by one thread at a time.
    """

    def __init__(self, pattern: str, typed: str) -> None:
        """`typed` may name groups as Python does."""
        import regex

        self._compiled = regex.compile(pattern)
        self._typed = typed
        self._tries = _TRIES

    def replaced(self, text: str) -> str:
        """The text, on one line, with every match replaced."""
        if not self._tries:
            return text
        try:
            new = self._compiled.sub(self._typed, text, timeout=_PATIENCE_S)
        except TimeoutError:
            self._too_long()
            return text
        return text if new == text else _one_line(new)

    def open_from(self, text: str) -> int:
        """Where a match begins that more text may complete; the length of `text` where none does."""
        if not self._tries:
            return len(text)
        try:
            matches = self._compiled.finditer(text, partial=True, timeout=_PATIENCE_S)
            return min((each.start() for each in matches if each.partial), default=len(text))
        except TimeoutError:
            self._too_long()
            return len(text)

    def _too_long(self) -> None:
        self._tries -= 1
        if not self._tries:
            log.warning("an expression of vocabulary.patterns takes too long, and is left out from now on")


def _check_template(compiled: Any, typed: str) -> None:
    """Raise what the first match would."""
    for number, name in _GROUP.findall(typed):
        group = number or name
        if (int(group) > compiled.groups) if group.isdigit() else (group not in compiled.groupindex):
            raise IndexError("there is no such group")
    # The template is only read where something matches: this matches anything, and has the same groups.
    import regex

    groups = "".join(f"(?P<{name}>)" for name in compiled.groupindex)
    regex.compile(groups + "()" * compiled.groups).sub(typed, "", count=1)


def _line_fault(text: str) -> str:
    if len(text) > LONGEST:
        return f"it must not be longer than {LONGEST} characters"
    if any(not (c.isprintable() or c == " ") for c in text):
        return "it must be one line, without control characters"
    return ""


def _one_line(text: str) -> str:
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable())


def _short(error: Exception) -> str:
    return "it is too deep" if isinstance(error, RecursionError) else str(error)
