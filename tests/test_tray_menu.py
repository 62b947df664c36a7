"""What the tray's menu shows, and what its choices ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from voicetype.config import KEYBOARDS, LANGUAGES, AudioConfig, Config, ModelsConfig, TypingConfig
from voicetype.control import State, Status
from voicetype.history import Said
from voicetype.languages import NAMES
from voicetype.tray.items import SEPARATOR, Command, Configure, Copy, Item, Menu, TypeAgain, shortened
from voicetype.tray.menu import menu, sentence
from voicetype.tray.view import Model, Preset, View, model

READY = Status(State.IDLE, True, "en", "tiny.en", "base", "x11", "x11: Control_R", "1.0")
MODELS = (
    Model("tiny.en", "English", 76, True, 115),
    Model("base", "99 languages", 145, True),
    Model("small", "99 languages", 484, False, 420),
)
PRESETS = (Preset("light", "tiny.en", "base"), Preset("odd", "tiny.en", "small"))
VIEW = View(READY, Config(), MODELS, PRESETS, ("Built-in", "USB"), locale="de")


def at(items: Menu, *labels: str) -> Item:
    """The item of the menu by the beginnings of the labels on the way to it."""
    for depth, label in enumerate(labels):
        item = next(each for each in items if each.label.startswith(label))
        if depth + 1 < len(labels):
            items = item.submenu
    return item


def labels(item: Item) -> list[str]:
    return [each.label for each in item.submenu]


def marked(item: Item) -> list[str]:
    return [each.label for each in item.submenu if each.checked]


def asked(item: Item) -> dict[str, object]:
    assert isinstance(item.action, Configure)
    return dict(item.action.values)


def everything(items: Menu) -> Iterator[Item]:
    for item in items:
        yield item
        yield from everything(item.submenu)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (READY, "Ready: tiny.en drafts, base confirms"),
        (replace(READY, heavy_model="/home/me/my-model/"), "Ready: tiny.en drafts, my-model confirms"),
        (replace(READY, ready=False), "Loading tiny.en and base …"),
        (
            replace(READY, ready=False, loading="Fetching base: 21 of 145 MB"),
            "Fetching base: 21 of 145 MB",
        ),
        (replace(READY, state=State.LISTENING), "Listening …"),
        (replace(READY, state=State.LISTENING, loading="Loading small"), "Listening … (Loading small)"),
        (replace(READY, state=State.FINISHING), "Finishing …"),
        (replace(READY, state=State.LISTENING, sending="a.example"), "Listening … (sending to a.example)"),
        (replace(READY, sending="a.example"), "Sending to a.example …"),
        (replace(READY, state=State.ERROR), "Nothing can be dictated now."),
    ],
)
def test_the_first_line_says_the_state(status: Status, expected: str) -> None:
    assert sentence(status) == expected
    first, second, *_ = menu(replace(VIEW, status=status))
    assert first == Item(expected, enabled=False)
    assert second == SEPARATOR


def test_a_problem_and_its_hint_stand_first_in_lines_that_fit() -> None:
    said, hint = "The model small can't be fetched.", "Check the connection, " * 5 + "and try again."
    shown = menu(replace(VIEW, problem=(said, hint)))
    head = shown[: shown.index(SEPARATOR)]
    assert head[0] == Item(said, enabled=False)
    assert len(head) > 2
    assert " ".join(item.label for item in head) == f"{said} {hint}"
    assert all(len(item.label) <= 64 and not item.enabled and item.action is None for item in head)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.IDLE, Item("Start listening", Command.TOGGLE)),
        (State.ERROR, Item("Start listening", Command.TOGGLE)),
        (State.LISTENING, Item("Stop listening", Command.TOGGLE)),
        (State.FINISHING, Item("Start listening", Command.TOGGLE, enabled=False)),
    ],
)
def test_listening_starts_and_stops(state: State, expected: Item) -> None:
    assert expected in menu(replace(VIEW, status=replace(READY, state=state)))


@pytest.mark.parametrize(
    ("state", "texts", "enabled"),
    [
        (State.IDLE, ("one",), True),
        (State.ERROR, ("one",), True),
        (State.IDLE, (), False),
        (State.LISTENING, ("one",), False),
        (State.FINISHING, ("one",), False),
    ],
)
def test_the_last_dictation_can_be_taken_back(state: State, texts: tuple[str, ...], enabled: bool) -> None:
    shown = menu(replace(VIEW, status=replace(READY, state=state), last_texts=tuple(map(Said, texts))))
    assert Item("Undo last dictation", Command.UNDO, enabled=enabled) in shown


def language(languages: tuple[str, ...] = (), chosen: str = "locale", locale: str = "de") -> Item:
    config = Config(language=chosen, languages=languages)
    return at(menu(replace(VIEW, config=config, locale=locale)), "Language")


@pytest.mark.parametrize(
    ("shown", "label", "short", "mark"),
    [
        (language(), "Language: German", ["German", "English"], "The desktop's (German)"),
        (language(locale="en"), "Language: English", ["English"], "The desktop's (English)"),
        (language(locale=""), "Language: English", ["English"], "The desktop's (English)"),
        (language(("fr", "it"), "it"), "Language: Italian", ["French", "Italian"], "Italian"),
        (language(("fr",), "zh"), "Language: Chinese", ["French", "Chinese"], "Chinese"),
        (
            language(chosen="auto"),
            "Language: automatic",
            ["German", "English"],
            "Automatic, for each utterance",
        ),
    ],
)
def test_the_users_languages_come_first(shown: Item, label: str, short: list[str], mark: str) -> None:
    assert shown.label == label
    assert labels(shown)[2:] == ["", *short, "", "More"]
    assert marked(shown) == [mark]


@pytest.mark.parametrize("mine", [(), ("fr", "it", "ja"), tuple(sorted(LANGUAGES - {"zh"}))])
def test_every_language_is_offered_once_and_by_its_name(mine: tuple[str, ...]) -> None:
    shown = language(mine)
    choices = [asked(item)["language"] for item in everything((shown,)) if item.action]
    assert sorted(map(str, choices)) == sorted({*LANGUAGES, "auto", "locale"})
    more = at(shown.submenu, "More")
    for group in more.submenu:
        first, _, last = group.label.partition(" – ")
        assert all(first <= item.label[0] <= (last or first) for item in group.submenu)
        assert len(group.submenu) <= 24
        assert labels(group) == sorted(labels(group))


def test_languages_that_are_all_the_users_leave_no_more() -> None:
    assert "More" not in labels(language(tuple(sorted(LANGUAGES))))


def test_languages_have_names() -> None:
    assert set(NAMES) == LANGUAGES
    assert len(set(NAMES.values())) == len(NAMES)


def test_models_on_this_machine_come_first_and_others_with_what_they_cost() -> None:
    heavy = at(menu(VIEW), "Heavy model")
    assert heavy.label == "Heavy model: base"
    assert labels(heavy) == [
        "tiny.en (English, 115 MB of memory)",
        "base (99 languages, 145 MB)",
        "",
        "More",
    ]
    assert labels(at(heavy.submenu, "More")) == ["small (99 languages, 484 MB to fetch)"]
    assert marked(heavy) == ["base (99 languages, 145 MB)"]
    assert asked(at(heavy.submenu, "More", "small")) == {"models.heavy": "small"}
    fast = at(menu(VIEW), "Fast model")
    assert marked(fast) == ["tiny.en (English, 115 MB of memory)"]
    assert asked(at(fast.submenu, "base")) == {"models.fast": "base"}


def test_a_chosen_model_is_marked_before_it_is_loaded() -> None:
    config = Config(models=ModelsConfig(heavy="small"))
    heavy = at(menu(replace(VIEW, config=config)), "Heavy model")
    assert heavy.label == "Heavy model: small"
    assert marked(heavy) == []
    assert marked(at(heavy.submenu, "More")) == ["small (99 languages, 484 MB to fetch)"]


def test_a_model_of_the_users_own_stands_by_its_folder() -> None:
    config = Config(models=ModelsConfig(fast="/data/models/mine"))
    fast = at(menu(replace(VIEW, config=config)), "Fast model")
    assert fast.label == "Fast model: mine"
    assert marked(fast) == ["mine"]
    assert asked(at(fast.submenu, "mine")) == {"models.fast": "/data/models/mine"}


def test_all_models_present_leave_no_more_and_none_is_said() -> None:
    present = tuple(replace(each, present=True) for each in MODELS)
    assert "More" not in labels(at(menu(replace(VIEW, models=present)), "Fast model"))
    bare = replace(VIEW, models=(), status=replace(READY, fast_model=""))
    assert labels(at(menu(bare), "Fast model")) == ["none on this machine yet"]


def test_a_preset_shows_its_pair_and_frees_the_single_models() -> None:
    presets = at(menu(VIEW), "Preset")
    assert labels(presets) == [
        "auto: by language, memory and processor",
        "",
        "light: tiny.en and base",
        "odd: tiny.en and small, 535 MB of memory",
    ]
    assert marked(presets) == ["auto: by language, memory and processor"]
    assert asked(at(presets.submenu, "odd")) == {
        "models.preset": "odd",
        "models.fast": "",
        "models.heavy": "",
    }


@pytest.mark.parametrize(
    ("models", "label", "marks"),
    [
        (ModelsConfig(preset="light"), "Preset: light", ["light: tiny.en and base"]),
        (ModelsConfig(preset="light", heavy="small"), "Preset: own choice", []),
    ],
)
def test_the_preset_in_force_is_marked(models: ModelsConfig, label: str, marks: list[str]) -> None:
    presets = at(menu(replace(VIEW, config=Config(models=models))), "Preset")
    assert presets.label == label
    assert marked(presets) == marks


@pytest.mark.parametrize(
    ("device", "label", "expected"),
    [
        ("", "Microphone: system default", ["System default", "", "Built-in", "USB"]),
        ("USB", "Microphone: USB", ["System default", "", "Built-in", "USB"]),
        ("Headset", "Microphone: Headset", ["System default", "", "Headset", "Built-in", "USB"]),
    ],
)
def test_microphones(device: str, label: str, expected: list[str]) -> None:
    config = Config(audio=AudioConfig(device=device))
    shown = at(menu(replace(VIEW, config=config)), "Microphone")
    assert shown.label == label
    assert labels(shown) == expected
    assert marked(shown) == [device or "System default"]
    assert asked(at(shown.submenu, "Built-in")) == {"audio.device": "Built-in"}
    assert asked(at(shown.submenu, "System")) == {"audio.device": ""}


def test_no_microphone_leaves_the_default() -> None:
    assert labels(at(menu(replace(VIEW, microphones=())), "Microphone")) == ["System default"]


@pytest.mark.parametrize("way", KEYBOARDS)
def test_ways_to_type(way: str) -> None:
    config = Config(typing=TypingConfig(keyboard=way))
    shown = at(menu(replace(VIEW, config=config)), "Keyboard")
    assert [asked(item)["typing.keyboard"] for item in shown.submenu] == list(KEYBOARDS)
    (mark,) = marked(shown)
    assert ("(now: x11)" in mark) is (way == "auto")


@pytest.mark.parametrize("on", [True, False])
def test_switches_show_what_is_and_ask_for_the_other(on: bool) -> None:
    shown = menu(replace(VIEW, config=Config(audio=AudioConfig(sounds=on), typing=TypingConfig(drafts=on))))
    assert at(shown, "Sounds").checked is on
    assert asked(at(shown, "Sounds")) == {"audio.sounds": not on}
    assert at(shown, "Pause drafts").checked is not on
    assert asked(at(shown, "Pause drafts")) == {"typing.drafts": not on}


def test_the_last_ten_dictations_can_be_had_again() -> None:
    texts = ("A long\nsentence of several lines, which would not fit into a menu.", *map(str, range(20)))
    shown = at(menu(replace(VIEW, last_texts=tuple(map(Said, texts)))), "Last dictations")
    assert labels(shown) == ["A long sentence of several lines, which…", *map(str, range(9))]
    first = shown.submenu[0]
    assert first.submenu == (Item("Copy", Copy(texts[0])), Item("Type again", TypeAgain(texts[0])))
    assert at(menu(VIEW), "Last dictations").submenu == (Item("none yet", enabled=False),)


def test_what_no_window_took_is_marked_and_offered() -> None:
    last = (Said("one two", "two"), Said("three", "three"), Said("four"))
    shown = at(menu(replace(VIEW, last_texts=last)), "Last dictations")
    assert labels(shown) == ["Not typed whole: one two", "Not typed: three", "four"]
    whole, rest = Item("Type again", TypeAgain("one two")), Item("Type the rest", TypeAgain("two"))
    assert shown.submenu[0].submenu == (Item("Copy", Copy("one two")), whole, rest)
    assert labels(shown.submenu[1]) == ["Copy", "Type again"]


def test_the_rest() -> None:
    assert [item.action for item in menu(VIEW)[-3:]] == [
        Command.OPEN_CONFIGURATION,
        Command.DOCTOR,
        Command.QUIT,
    ]


def test_whatever_can_be_chosen_does_something_and_only_that() -> None:
    for item in everything(menu(replace(VIEW, last_texts=(Said("one", "e"),)))):
        if item != SEPARATOR:
            assert item.label
            assert item.enabled is (item.action is not None or bool(item.submenu)), item.label
            assert not (item.action and item.submenu)


def test_what_shows_the_same_is_the_same() -> None:
    assert menu(VIEW) == menu(replace(VIEW, status=replace(READY, hotkey="x11: F9")))
    assert menu(VIEW) != menu(replace(VIEW, status=replace(READY, fast_model="tiny")))


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (
            {"name": "base", "languages": "99 languages", "size_mb": 145, "present": True, "memory_mb": 180},
            Model("base", "99 languages", 145, True, 180),
        ),
        (
            {"name": "base", "languages": "99 languages", "size_mb": 145, "present": False},
            Model("base", "99 languages", 145, False),
        ),
    ],
)
def test_a_listed_model(listed: dict[str, object], expected: Model) -> None:
    assert model(listed) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("abcd", "abcd"), ("abcde", "abc…"), (" a\n b ", "a b"), ("ab cd", "ab…")]
)
def test_shortened(text: str, expected: str) -> None:
    assert shortened(text, 4) == expected
