"""What a status bar shows of the daemon's properties, and the lines of `listen`."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from voicetype import cli, status_line
from voicetype.commands.listen import _fields, _Follower
from voicetype.watch import Changed, Gone, News, Said

PROPERTIES: Mapping[str, object] = {
    "State": "idle",
    "Ready": True,
    "Language": "de",
    "FastModel": "tiny",
    "HeavyModel": "small",
    "Loading": "",
}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "idle"),
        ({"Ready": False}, "loading"),
        ({"State": "error", "Ready": False}, "error"),
        ({"State": "listening", "Ready": False}, "listening"),
        ({"State": "finishing"}, "finishing"),
        ({"Loading": "Loading medium"}, "idle"),
    ],
)
def test_the_state_of_a_bar(changes: dict[str, object], state: str) -> None:
    properties = {**PROPERTIES, **changes}
    shown = status_line.bar(properties)
    assert shown == properties | {
        "text": status_line.GLYPHS[state],
        "alt": state,
        "class": state,
        "tooltip": f"voicetype: {status_line.line(properties)}",
    }
    assert len(str(shown["text"])) == 1


def test_a_line_for_people() -> None:
    assert status_line.line(PROPERTIES) == "idle · tiny + small · language de"
    loading = {**PROPERTIES, "Ready": False, "Loading": "Fetching small: 210 of 484 MB"}
    assert status_line.line(loading) == "loading · Fetching small: 210 of 484 MB · tiny + small · language de"
    sending = {**PROPERTIES, "State": "listening", "Sending": "a.example"}
    assert status_line.line(sending) == "listening · sending to a.example · tiny + small · language de"
    gated = {**PROPERTIES, "Strategy": "gated"}
    assert status_line.line(gated) == "idle · gated · tiny + small · language de"
    assert status_line.line({**PROPERTIES, "Strategy": "dual"}) == status_line.line(PROPERTIES)
    assert status_line.line(None) == "off"


@pytest.mark.parametrize(
    ("news", "fields"),
    [
        (Said("Segment", [{"type": "segment", "text": "x"}]), {"type": "segment", "text": "x"}),
        (Said("StateChanged", ["idle"]), {"type": "state", "state": "idle"}),
        (
            Said("Problem", ["Busy", "No.", "Wait."]),
            {"type": "problem", "code": "Busy", "sentence": "No.", "hint": "Wait."},
        ),
        (Changed({"State": "idle"}), {"type": "properties", "State": "idle"}),
        (Gone(left=True), {"type": "gone"}),
        (Gone(left=False), None),
        (Said("Danced", []), None),  # of a later version
        (Said("Segment", ["odd"]), None),
    ],
)
def test_the_lines_of_listen(news: News, fields: object) -> None:
    assert _fields(news) == fields


def test_a_line_is_not_printed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    follow = _Follower("text")
    follow(Gone(left=False))
    follow(Gone(left=True))
    follow(Changed(PROPERTIES, came=True))
    follow(Changed({"Hotkey": "F9"}))  # which the line does not show
    follow(Said("Segment", [{}]))
    follow(Changed({"State": "listening"}))
    follow(Gone(left=True))
    assert capsys.readouterr().out.splitlines() == [
        "off",
        "idle · tiny + small · language de",
        "listening · tiny + small · language de",
        "off",
    ]


def test_a_new_daemon_has_nothing_of_the_old_one(capsys: pytest.CaptureFixture[str]) -> None:
    follow = _Follower("json")
    follow(Changed(dict(PROPERTIES) | {"Odd": 1}, came=True))
    follow(Gone(left=True))
    follow(Changed(PROPERTIES, came=True))
    assert "Odd" not in json.loads(capsys.readouterr().out.splitlines()[-1])


def test_status_as_json_has_the_bars_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("voicetype.client.properties", lambda: PROPERTIES)
    assert cli.main(["status", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == status_line.bar(PROPERTIES)
