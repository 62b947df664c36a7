"""What is chosen for a machine and its desktop, by tables; and that this machine can be looked at."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.config import LANGUAGES, MODEL_PRESETS, Config
from voicetype.config_file import override
from voicetype.engine import gpu
from voicetype.engine.catalogue import PRESETS
from voicetype.languages import NAMES, of_locale
from voicetype.machine import Machine, decide, decided, introduction, memory_mb, this_machine

WEAK = Machine("", 4_000, 2)
STRONG = Machine("", 16_000, 8)


def asked(**values: object) -> Config:
    """Settings by dotted name, with _ for the dot after a section."""
    return override(Config(), {name.replace("models_", "models."): value for name, value in values.items()})


# Looking.


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, ""),
        ({"LANG": ""}, ""),
        ({"LANG": "C"}, ""),
        ({"LANG": "POSIX"}, ""),
        ({"LANG": "C.UTF-8"}, ""),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "DE_at.utf8"}, "de"),
        ({"LANG": "de_DE@euro"}, "de"),
        ({"LANG": "ca_ES.UTF-8@valencia"}, "ca"),
        ({"LANG": "sr_RS@latin"}, "sr"),
        ({"LANG": "nb_NO.UTF-8"}, "no"),
        ({"LANG": "nn_NO.UTF-8"}, "nn"),
        ({"LANG": "iw_IL"}, "he"),
        ({"LANG": "he_IL.UTF-8"}, "he"),
        ({"LANG": "in_ID"}, "id"),
        ({"LANG": "ji"}, "yi"),
        ({"LANG": "jv_ID"}, "jw"),
        ({"LANG": "fil_PH.UTF-8"}, "tl"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_HK.UTF-8"}, "zh"),
        ({"LANG": "cmn_TW"}, "zh"),
        ({"LANG": "yue_HK"}, "zh"),
        ({"LANG": "pt-BR"}, "pt"),
        ({"LANG": "eo.UTF-8"}, ""),  # Esperanto, which Whisper lacks
        ({"LANG": "auto"}, ""),
        ({"LANG": "locale"}, ""),
        ({"LANG": "\udcff\udcfe"}, ""),
        ({"LANG": "_"}, ""),
        ({"LANG": "de_DE" * 10_000}, "de"),
        # POSIX: the first that is set, LC_ALL before LC_MESSAGES before LANG.
        ({"LANG": "de_DE", "LC_MESSAGES": "fr_FR", "LC_ALL": "es_ES"}, "es"),
        ({"LANG": "de_DE", "LC_MESSAGES": "fr_FR", "LC_ALL": ""}, "fr"),
        ({"LANG": "de_DE", "LC_CTYPE": "fr_FR", "LC_NUMERIC": "fr_FR"}, "de"),
        ({"LANG": "de_DE", "LC_ALL": "C"}, ""),
        # gettext's list, which is no locale by itself.
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de_AT:en"}, "de"),
        ({"LANG": "en_IE.UTF-8", "LANGUAGE": "ga:eo:fr:en"}, "fr"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "::"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "de"}, ""),
        ({"LANGUAGE": "de"}, ""),
    ],
)
def test_the_language_of_the_desktop(environment: Mapping[str, str], code: str) -> None:
    assert of_locale(environment) == code
    assert this_machine(environment).language == code


def test_every_language_has_a_name() -> None:
    assert NAMES.keys() == LANGUAGES


@given(st.dictionaries(st.sampled_from(["LANG", "LC_ALL", "LANGUAGE"]), st.text(st.characters())))
def test_any_locale_is_a_language_or_none(environment: dict[str, str]) -> None:
    assert of_locale(environment) in {*LANGUAGES, ""}


@pytest.mark.parametrize(
    ("meminfo", "megabytes"),
    [
        ("MemTotal:       24684392 kB\nMemFree:  1 kB\n", 25_276),
        ("MemFree:  1 kB\nMemTotal:        1024 kB\n", 1),
        ("", 0),
        ("MemTotal: lots", 0),
        ("MemTotal: -5 kB\n", 0),
        ("MemTotal: 5 MB\n", 0),
        ("MemTotal: 0 kB\n", 0),
        ("SwapMemTotal: 5000000 kB\n", 0),
        (f"MemTotal: {'9' * 5_000} kB\n", 0),
        ("MemTotal: ٣٣٣٣٣٣٣ kB\n", 0),
    ],
)
def test_memory(meminfo: str, megabytes: int) -> None:
    assert memory_mb(meminfo) == megabytes


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    here = this_machine({})
    assert here.cores == len(os.sched_getaffinity(0))
    assert here.memory_mb > 100
    assert this_machine({}, tmp_path / "missing").memory_mb == 0
    assert this_machine({}, tmp_path).memory_mb == 0
    (tmp_path / "meminfo").write_bytes(b"\xff\xfe\nMemTotal: 8000000 kB\n")
    assert this_machine({}, tmp_path / "meminfo").memory_mb == 8_192


# Choosing.


@pytest.mark.parametrize(
    ("config", "locale", "language", "preset"),
    [
        # Nobody said anything: the desktop's language; without one, as on servers, English.
        (asked(), "en", "en", "light"),
        (asked(), "de", "de", "light-multilingual"),
        (asked(), "", "en", "light"),
        # What was said.
        (asked(language="en"), "de", "en", "light"),
        (asked(language="de"), "en", "de", "light-multilingual"),
        (asked(language="auto"), "en", "auto", "light-multilingual"),
        (asked(language="auto"), "", "auto", "light-multilingual"),
        # The user's languages go before the desktop's, and another of them needs no other models.
        (asked(languages=["de"]), "en", "de", "light-multilingual"),
        (asked(languages=["de"]), "", "de", "light-multilingual"),
        (asked(languages=["en"]), "de", "en", "light"),
        (asked(languages=["de", "en"]), "en", "en", "light-multilingual"),
        (asked(languages=["de", "en"]), "fr", "auto", "light-multilingual"),
        (asked(languages=["de", "en"]), "", "auto", "light-multilingual"),
        (asked(language="auto", languages=["en"]), "de", "en", "light"),
        (asked(language="auto", languages=["en", "fr"]), "de", "auto", "light-multilingual"),
        (asked(language="en", languages=["en", "fr"]), "de", "en", "light-multilingual"),
        # Models that are named stay, and the desktop's language yields to them; one that is named does not.
        (asked(models_preset="light"), "de", "en", "light"),
        (asked(models_preset="english"), "de", "en", "english"),
        (asked(models_preset="accurate"), "de", "de", "accurate"),
        (asked(models_preset="light", language="de"), "en", "de", "light"),
        (asked(models_fast="tiny.en"), "de", "en", "light"),
        (asked(models_heavy="/models/mine.en/"), "de", "en", "light"),
        (asked(models_fast="tiny"), "de", "de", "light-multilingual"),
        (asked(models_preset="light", models_fast="tiny"), "de", "de", "light"),
    ],
)
def test_decisions(config: Config, locale: str, language: str, preset: str) -> None:
    weak = decide(config, replace(WEAK, language=locale))
    assert (weak.language, weak.models.preset) == (language, preset)
    # A strong machine has the same language, and the larger pair where one may be chosen.
    larger = {"light": "english", "light-multilingual": "multilingual"}
    strong = decide(config, replace(STRONG, language=locale))
    chosen = larger.get(preset, preset) if config.models.preset == "auto" else preset
    assert (strong.language, strong.models.preset) == (language, chosen)


@pytest.mark.parametrize(
    ("cores", "memory", "preset"),
    [
        (1, 0, "light"),
        (2, 64_000, "light"),
        (3, 64_000, "light"),
        (4, 64_000, "english"),
        (4, 7_700, "english"),  # what is sold as 8 GB
        (4, 6_300, "light"),
        (64, 4_000, "light"),
        (64, 0, "light"),
    ],
)
def test_what_carries_the_larger_models(cores: int, memory: int, preset: str) -> None:
    assert decide(asked(), Machine("en", memory, cores)).models.preset == preset


configs = st.builds(
    asked,
    language=st.sampled_from(["locale", "auto", "en", "de"]),
    languages=st.lists(st.sampled_from(["en", "de", "fr"]), unique=True),
    models_preset=st.sampled_from(MODEL_PRESETS),
    models_fast=st.sampled_from(["", "tiny", "tiny.en"]),
    models_heavy=st.sampled_from(["", "base"]),
)
machines = st.builds(Machine, st.sampled_from(["", "en", "de"]), st.integers(0, 10**6), st.integers(1, 1_000))


@given(configs, machines)
def test_decisions_leave_nothing_open_and_all_else_alone(config: Config, machine: Machine) -> None:
    made = decide(config, machine)
    assert made.language != "locale"
    assert made.models.preset in PRESETS.keys() - {"auto"}
    assert decide(made, machine) == made
    assert replace(made, language=config.language, models=config.models) == config
    assert replace(made.models, preset=config.models.preset) == config.models


@given(configs, machines)
def test_a_preset_that_is_chosen_hears_every_language_that_may_come_up(
    config: Config, machine: Machine
) -> None:
    made = decide(config, machine)
    pair = PRESETS[made.models.preset]
    limited = any(name.endswith(".en") for name in (pair.fast, pair.heavy))
    if config.models.preset == "auto" and limited:
        assert {made.language, *config.languages} == {"en"}


def test_what_was_decided_is_shown_where_something_was() -> None:
    assert decided(asked(), replace(WEAK, language="de")) == {
        "language": "de",
        "models.preset": "light-multilingual (tiny + base)",
    }
    assert decided(asked(models_fast="/my/model"), replace(STRONG, language="en")) == {
        "language": "en",
        "models.preset": "english (/my/model + small.en)",
    }
    assert decided(asked(language="de", models_preset="accurate"), WEAK) == {}


# Saying it.

LAST = "To change any of it: `voicetype config init` writes a file to edit"


@pytest.mark.parametrize(
    ("config", "machine", "told"),
    [
        (
            asked(),
            Machine("de", 8_200, 4),
            (
                "Language: German (de), the language of your desktop.",
                "Models: tiny drafts, small confirms (the preset multilingual, 535 MB),"
                " for 4 processor cores and 8 GB of memory.",
            ),
        ),
        (
            asked(),
            Machine("", 0, 1),
            (
                "Language: English (en), since your desktop names no language that Whisper knows.",
                "Models: tiny.en drafts, base confirms (the preset light, 295 MB),"
                " for one processor core and unknown memory.",
            ),
        ),
        (
            asked(models_preset="light"),
            Machine("de", 8_200, 4),
            (
                "Language: English (en), since the model tiny.en knows nothing else.",
                "Models: tiny.en drafts, base confirms (the preset light, 295 MB), as you chose.",
            ),
        ),
        (
            asked(language="auto", models_fast="tiny", models_heavy="turbo"),
            Machine("de", 8_200, 4),
            (
                "Language: whichever you speak, as you chose.",
                "Models: tiny drafts, turbo confirms (1115 MB), as you chose.",
            ),
        ),
        (
            asked(language="de", models_fast="/my/one", models_heavy="./two"),
            Machine("de", 8_200, 4),
            (
                "Language: German (de), as you chose.",
                "Models: /my/one drafts, ./two confirms, as you chose.",
            ),
        ),
        (
            asked(languages=["de", "fr"]),
            Machine("en", 8_200, 4),
            (
                "Language: whichever you speak, of yours: German, French.",
                "Models: tiny drafts, small confirms (the preset multilingual, 535 MB),"
                " for 4 processor cores and 8 GB of memory.",
            ),
        ),
    ],
)
def test_the_first_run_says_what_was_chosen(config: Config, machine: Machine, told: tuple[str, str]) -> None:
    lines = introduction(config, machine, "x11", "x11: F9", tray=True)
    assert (lines[0], lines[1]) == told
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("config", "keyboard", "hotkey", "tray", "told"),
    [
        (
            Config(),
            "x11",
            "x11: Control_R",
            True,
            [
                "Typing: x11, the way for this desktop.",
                "Key: hold Control_R and speak (a tap: until the next one); Escape cancels.",
                f"{LAST}, or the menu of the icon in the tray.",
            ],
        ),
        (
            override(Config(), {"typing.keyboard": "x11", "hotkey.tap_s": 0}),
            "x11",
            "portal: F9",
            False,
            [
                "Typing: x11, as you chose.",
                "Key: hold F9 and speak; `voicetype cancel` cancels.",
                f"{LAST}.",
            ],
        ),
        (
            Config(),
            "portal",
            "portal: not chosen yet",
            False,
            [
                "Typing: portal, the way for this desktop.",
                "Key: the one that you choose where the desktop asks for it.",
                f"{LAST}.",
            ],
        ),
        (
            override(Config(), {"typing.keyboard": "dummy"}),
            "dummy",
            "none",
            False,
            [
                "Typing: nowhere (dummy); what you say is only printed.",
                "Key: none; bind `voicetype toggle` to one in your desktop's settings.",
                f"{LAST}.",
            ],
        ),
    ],
)
def test_the_first_run_says_how_to_go_on(
    config: Config, keyboard: str, hotkey: str, tray: bool, told: list[str]
) -> None:
    assert introduction(config, WEAK, keyboard, hotkey, tray=tray)[2:] == told


def test_the_first_run_says_what_took_the_place_of_a_preset() -> None:
    german = Machine("de", 4_000, 2)
    for had, told in (
        (("tiny", "base"), "tiny drafts, base confirms (the preset light-multilingual, 295 MB)"),
        (("base", "base"), "base drafts, base confirms, since the preset light-multilingual can't be had"),
    ):
        lines = introduction(Config(), german, "x11", "x11: F9", tray=True, had=had)
        assert lines[1].startswith(f"Models: {told}")
        assert len(lines) == 5


@given(configs, machines)
def test_the_first_run_has_five_lines_whatever_was_chosen(config: Config, machine: Machine) -> None:
    lines = introduction(config, machine, "x11", "x11: F9", tray=True)
    assert [line.partition(":")[0] for line in lines] == [
        "Language",
        "Models",
        "Typing",
        "Key",
        "To change any of it",
    ]


@pytest.mark.parametrize(
    ("gpu_mb", "device", "preset"),
    [
        (0, "auto", "english"),
        (4_000, "auto", "english"),
        (6_200, "auto", "accurate"),
        (6_200, "cuda", "accurate"),
        (6_200, "cpu", "english"),
    ],
)
def test_a_preset_for_a_graphics_processor(gpu_mb: int, device: str, preset: str) -> None:
    machine = replace(STRONG, language="en", gpu_memory_mb=gpu_mb)
    chosen = decide(override(asked(), {"models.device": device}), machine).models
    assert (chosen.preset, chosen.device) == (preset, device)


class Cuda:
    """Stands for the driver's library: `failing` is what it can't do."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing

    def cuInit(self, _: int) -> int:  # its name
        return int(self.failing == "init")

    def cuDeviceGet(self, _: object, __: int) -> int:
        return int(self.failing == "device")

    def cuDeviceTotalMem_v2(self, size: Any, _: object) -> int:
        size._obj.value = 8_000_000_000
        return int(self.failing == "memory")


@pytest.mark.parametrize(
    ("failing", "devices", "memory"),
    [("", 1, 8_000), ("", 0, 0), ("init", 1, 0), ("device", 1, 0), ("memory", 1, 0)],
)
def test_the_memory_of_a_graphics_processor(tmp_path: Path, failing: str, devices: int, memory: int) -> None:
    assert gpu.memory_mb(tmp_path, lambda: Cuda(failing), lambda: devices) == memory


def test_without_a_driver_nobody_asks_for_a_graphics_processor(tmp_path: Path) -> None:
    def unwanted() -> int:
        raise AssertionError

    assert gpu.memory_mb(tmp_path / "none", unwanted, unwanted) == 0
    assert gpu.memory_mb(tmp_path, lambda: ctypes.CDLL("libnone.so"), unwanted) == 0
