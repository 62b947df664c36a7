"""What the tray's menu shows, and what each choice asks for: values alone, worked out from a `View`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from voicetype import languages
from voicetype.config import KEYBOARDS
from voicetype.control import State, Status
from voicetype.history import Said
from voicetype.tray.items import (
    SEPARATOR,
    Command,
    Copy,
    Item,
    Menu,
    TypeAgain,
    more,
    radio,
    shortened,
    submenu,
    switch,
)
from voicetype.tray.view import Model, View

_LINE = 64  # characters; a menu does not wrap
_SNIPPET = 40
_LAST = 10  # dictations
_GROUP = 24  # languages


def sentence(status: Status) -> str:
    """The state in one line."""
    sending = f"sending to {status.sending}" if status.sending else ""
    asides = ", ".join(filter(None, (sending, status.loading)))
    aside = f" ({asides})" if asides else ""
    match status.state:
        case State.LISTENING:
            return f"Listening …{aside}"
        case State.FINISHING:
            return f"Finishing …{aside}"
        case State.ERROR:
            return "Nothing can be dictated now."
    if sending:  # the end of it; shown for a moment longer than it takes
        return f"{sending.capitalize()} …"
    if status.loading:
        return status.loading
    if not status.ready:
        return f"Loading {named(status.fast_model)} and {named(status.heavy_model)} …"
    if not (status.fast_model and status.heavy_model):
        return f"Ready: {named(status.fast_model or status.heavy_model)} alone; a model is missing"
    return f"Ready: {named(status.fast_model)} drafts, {named(status.heavy_model)} confirms"


def menu(view: View) -> Menu:
    """The whole menu, from top to bottom."""
    config = view.config
    busy = view.status.state in (State.LISTENING, State.FINISHING)
    return (
        *_head(view),
        SEPARATOR,
        _toggle(view.status.state),
        Item("Undo last dictation", Command.UNDO, enabled=bool(view.last_texts) and not busy),
        SEPARATOR,
        _languages(view),
        _presets(view),
        _models(view, "fast", view.status.fast_model),
        _models(view, "heavy", view.status.heavy_model),
        _microphones(view),
        _keyboards(view),
        SEPARATOR,
        switch("Pause drafts", not config.typing.drafts, {"typing.drafts": not config.typing.drafts}),
        switch("Sounds", config.audio.sounds, {"audio.sounds": not config.audio.sounds}),
        SEPARATOR,
        _last_dictations(view.last_texts),
        SEPARATOR,
        Item("Open configuration", Command.OPEN_CONFIGURATION),
        Item("Doctor", Command.DOCTOR),
        Item("Quit", Command.QUIT),
    )


def named(name: str) -> str:
    """A model for people: of the user's own, the folder's name."""
    return name.rstrip("/").rpartition("/")[2] or name


def _head(view: View) -> Iterator[Item]:
    """The state, or the problem with what to do about it; not to be chosen."""
    said, hint = view.problem
    texts = [said, hint] if said else [sentence(view.status)]
    for text in filter(None, texts):
        yield from (Item(line, enabled=False) for line in textwrap.wrap(text, _LINE))


def _toggle(state: State) -> Item:
    match state:
        case State.LISTENING:
            return Item("Stop listening", Command.TOGGLE)
        case State.FINISHING:
            return Item("Start listening", Command.TOGGLE, enabled=False)
    return Item("Start listening", Command.TOGGLE)


def _languages(view: View) -> Item:
    chosen, names = view.config.language, languages.NAMES
    # Where the locale says nothing, the daemon knows what it made of that.
    home = names.get(view.locale) or (names.get(view.status.language, "") if chosen == "locale" else "")

    def choice(label: str, code: str) -> Item:
        return radio(label, {"language": code}, code == chosen)

    mine = view.config.languages or tuple(dict.fromkeys(filter(None, (view.locale, "en"))))
    if chosen in names and chosen not in mine:
        mine += (chosen,)
    others = sorted((name, code) for code, name in names.items() if code not in mine)
    label = {"auto": "automatic", "locale": home or "the desktop's"}.get(chosen) or names[chosen]
    return submenu(
        f"Language: {label}",
        choice("Automatic, for each utterance", "auto"),
        choice(f"The desktop's ({home})" if home else "The desktop's", "locale"),
        SEPARATOR,
        *(choice(names[code], code) for code in mine),
        SEPARATOR,
        *more(_by_letter(choice(name, code) for name, code in others)),
    )


def _by_letter(items: Iterable[Item]) -> list[Item]:
    """Sorted items in submenus that fit on a screen, each for some letters of the alphabet."""
    groups: list[list[Item]] = []
    for _, same in groupby(items, lambda item: item.label[0]):
        letter = [*same]
        if groups and len(groups[-1]) + len(letter) <= _GROUP:
            groups[-1] += letter
        else:
            groups.append(letter)
    ends = [dict.fromkeys((group[0].label[0], group[-1].label[0])) for group in groups]
    return [submenu(" – ".join(end), *group) for end, group in zip(ends, groups, strict=True)]


def _presets(view: View) -> Item:
    models = view.config.models
    single = bool(models.fast or models.heavy)  # a model of the user's choice: no preset as it stands
    memory = {model.name: model.memory_mb for model in view.models}

    def choice(name: str, label: str) -> Item:
        values = {"models.preset": name, "models.fast": "", "models.heavy": ""}
        return radio(label, values, name == models.preset and not single)

    pairs = []
    for preset in view.presets:
        needed = (memory.get(preset.fast, 0), memory.get(preset.heavy, 0))
        total = f", {sum(needed)} MB of memory" if all(needed) else ""
        pairs.append(choice(preset.name, f"{preset.name}: {preset.fast} and {preset.heavy}{total}"))
    automatic = "auto: by language, memory and processor"
    return submenu(
        f"Preset: {'own choice' if single else models.preset}",
        choice("auto", automatic),
        SEPARATOR,
        *pairs,
    )


def _models(view: View, role: str, in_use: str) -> Item:
    """`role`: "fast" or "heavy". What is marked is what was chosen; of a preset, what it came to."""
    chosen = (view.config.models.fast if role == "fast" else view.config.models.heavy) or in_use

    def choice(model: Model) -> Item:
        size = f"{model.memory_mb} MB of memory" if model.memory_mb else f"{model.size_mb} MB"
        size = size if model.present else f"{model.size_mb} MB to fetch"
        return radio(
            f"{model.name} ({model.languages}, {size})", {f"models.{role}": model.name}, model.name == chosen
        )

    here = [choice(model) for model in view.models if model.present]
    absent = [choice(model) for model in view.models if not model.present]
    if chosen and chosen not in {model.name for model in view.models}:
        here.insert(0, radio(named(chosen), {f"models.{role}": chosen}, True))
    if not here:
        here = [Item("none on this machine yet", enabled=False)]
    return submenu(f"{role.capitalize()} model: {named(chosen)}", *here, SEPARATOR, *more(absent))


def _microphones(view: View) -> Item:
    chosen = view.config.audio.device

    def choice(label: str, device: str) -> Item:
        return radio(shortened(label, _LINE), {"audio.device": device}, device == chosen)

    names = dict.fromkeys(view.microphones)
    if chosen and chosen not in names:  # a part of a name, or not plugged in
        names = {chosen: None} | names
    return submenu(
        f"Microphone: {shortened(chosen, _SNIPPET) or 'system default'}",
        choice("System default", ""),
        SEPARATOR,
        *(choice(name, name) for name in names),
    )


_WAYS = {"auto": "Automatic", "x11": "X11", "dummy": "Type nothing"}


def _keyboards(view: View) -> Item:
    chosen = view.config.typing.keyboard

    def choice(way: str) -> Item:
        name = _WAYS.get(way, way)
        now = f" (now: {view.status.keyboard})" if way == chosen == "auto" else ""
        return radio(f"{name}{now}", {"typing.keyboard": way}, way == chosen)

    return submenu(f"Keyboard: {_WAYS.get(chosen, chosen).lower()}", *map(choice, KEYBOARDS))


def _last_dictations(last: Iterable[Said]) -> Item:
    items = [_dictation(said) for said in [*last][:_LAST]]
    return submenu("Last dictations", *(items or [Item("none yet", enabled=False)]))


def _dictation(said: Said) -> Item:
    """To be had again; what no window took says so."""
    choices = [Item("Copy", Copy(said.text)), Item("Type again", TypeAgain(said.text))]
    if said.untyped and said.untyped != said.text:
        choices.append(Item("Type the rest", TypeAgain(said.untyped)))
    mark = "Not typed: " if said.untyped == said.text else "Not typed whole: " if said.untyped else ""
    return submenu(f"{mark}{shortened(said.text, _SNIPPET)}", *choices)
