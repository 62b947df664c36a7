"""`learn`: what is typed in place of what is heard, written into the configuration file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voicetype import config_file, config_writing, languages
from voicetype.config import Config, TermsConfig, VocabularyConfig
from voicetype.core.replacements import heard_as
from voicetype.errors import ConfigError
from voicetype.own_words import replacement_fault

_MOST_WORDS = 3  # of a name

Table = Mapping[str, Any]


def run(options: Namespace) -> int:
    """Learn, forget, or list what was learned."""
    vocabulary = config_file.load(options.config).vocabulary
    if options.heard is None and options.forget:
        raise ConfigError("What is to be forgotten is missing.", "`voicetype learn` lists what was learned.")
    if options.heard is None:
        print("\n".join(_listed(vocabulary)) or 'Nothing was learned yet: `voicetype learn "wrong" "right"`.')
        return 0
    told = ""

    def choices(config: Config) -> Table:
        nonlocal told
        place = _Place(config.vocabulary, options.language, options.application)
        told, table = (_forgotten if options.forget else _learned)(place, options.heard, options.typed)
        return place.values(table) if table else {}

    config_writing.change(choices, options.config)
    print(told)
    return 0


class _Place:
    """Where something holds: everywhere, in one language, or in one application."""

    def __init__(self, vocabulary: VocabularyConfig, language: str | None, application: str | None) -> None:
        self._sections: Mapping[str, TermsConfig] = {}
        self._key = ""
        self.terms: TermsConfig = vocabulary
        self.words = ""
        if language is not None:
            self._sections, self._key = vocabulary.languages, language
            self.words = f" in {languages.NAMES[language]}"
        elif application is not None:
            self._sections, self._key = vocabulary.applications, application
            self.words = f" in {application}"
        self._name = "languages" if language is not None else "applications"
        if self.words:
            self.terms = self._sections.get(self._key, TermsConfig())

    def values(self, changed: Table) -> dict[str, object]:
        """What is to be saved, by dotted name."""
        if not self.words:
            return {f"vocabulary.{name}": value for name, value in changed.items()}
        tables = {key: _told(terms) for key, terms in self._sections.items()}
        tables[self._key] = {**_told(self.terms), **changed}
        filled = {key: _filled(table) for key, table in tables.items()}
        return {f"vocabulary.{self._name}": _filled(filled)}


def _told(terms: TermsConfig) -> dict[str, Any]:
    return {
        "hotwords": list(terms.hotwords),
        "replacements": dict(terms.replacements),
        "patterns": dict(terms.patterns),
    }


def _filled(table: Table) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value}


def _learned(place: _Place, heard: str, typed: str | None) -> tuple[str, Table]:
    """What is said of it, and what changes. Raises ConfigError."""
    if typed is None:
        raise ConfigError(
            "What is to be typed instead is missing.",
            f'Say it too: `voicetype learn "{heard}" "what you mean"`; or `--forget` it.',
        )
    heard, typed = heard.strip(), typed.strip()
    _check(heard, typed)
    replacements = dict(place.terms.replacements)
    before = next(reversed(_known(replacements, heard)), None)  # the last one holds
    hotwords = [*place.terms.hotwords, typed] if _is_name(typed) else [*place.terms.hotwords]
    hotwords = list(dict.fromkeys(hotwords))
    changed: dict[str, Any] = {}
    if before is None or replacements[before] != typed:
        changed["replacements"] = replacements | {before or heard: typed}
    if hotwords != [*place.terms.hotwords]:
        changed["hotwords"] = hotwords
    told = (
        f'"{before or heard}" is typed as "{typed}"{place.words}'
        if typed
        else f'"{heard}" is left out{place.words}'
    )
    if not changed:
        return f"{told} already.", {}
    expected = f' The models are told to expect "{typed}".' if "hotwords" in changed else ""
    return f"{told} from now on.{expected}", changed


def _check(heard: str, typed: str) -> None:
    """Raise ConfigError for what can't be learned."""
    if fault := replacement_fault(heard, typed):
        raise ConfigError(
            f"That can't be learned: {fault}.", 'As in: `voicetype learn "cube control" "kubectl"`.'
        )
    if heard == typed:
        raise ConfigError("Both are the same.", "Say first what is typed wrongly, then what you mean.")


def _forgotten(place: _Place, heard: str, typed: str | None) -> tuple[str, Table]:
    """The same, of what is learned no more. Raises ConfigError."""
    replacements = dict(place.terms.replacements)
    known = _known(replacements, heard)
    if not known or (typed is not None and replacements[known[-1]] != typed.strip()):
        raise ConfigError(
            f'"{heard}" was not learned{place.words}.',
            "`voicetype learn` lists all that was, and where it holds.",
        )
    gone = {replacements.pop(each) for each in known} - set(replacements.values())
    changed: dict[str, Any] = {"replacements": replacements}
    if left := {word for word in gone.intersection(place.terms.hotwords) if _is_name(word)}:
        changed["hotwords"] = [word for word in place.terms.hotwords if word not in left]
    return f'"{known[-1]}" is typed as it is heard{place.words} from now on.', changed


def _known(replacements: Mapping[str, str], heard: str) -> list[str]:
    """All that is learned that is heard as this."""
    return [each for each in replacements if heard_as(each) == heard_as(heard)]


def _is_name(typed: str) -> bool:
    """Whether the models do better to expect it: a name or a term, by its capitals or digits.

    They know the usual words.
    """
    words = typed.split()
    return 0 < len(words) <= _MOST_WORDS and any(c.isupper() or c.isdigit() for c in typed)


def _listed(vocabulary: VocabularyConfig) -> Iterator[str]:
    """What holds where, a line each."""
    places: Sequence[tuple[str, TermsConfig]] = [
        ("", vocabulary),
        *((f"  ({languages.NAMES[code]})", terms) for code, terms in vocabulary.languages.items()),
        *((f"  ({pattern})", terms) for pattern, terms in vocabulary.applications.items()),
    ]
    for where, terms in places:
        for heard, typed in terms.replacements.items():
            yield f"{heard} → {typed or 'nothing'}{where}"
        for pattern, typed in terms.patterns.items():
            yield f"/{pattern}/ → {typed or 'nothing'}{where}"
    for where, terms in places:
        if terms.hotwords:
            yield f"expected: {', '.join(terms.hotwords)}{where}"
