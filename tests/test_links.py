"""What pw-link says of our stream; with a real one in real/test_microphone.py."""

from __future__ import annotations

import pytest

from voicetype.links import Links

_MICROPHONE = "alsa_input.usb:capture_MONO"
_LOUDSPEAKERS = ("alsa_output.pci:monitor_FL", "alsa_output.pci:monitor_FR")


class Told(Links):
    """With lines of a test's instead of a program's."""

    def __init__(self) -> None:
        self.heard: list[bool] = []
        super().__init__("voicetype-7", self.heard.append)

    def says(self, *lines: str) -> list[bool]:
        for line in lines:
            self.take(line)
        return self.heard


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr("voicetype.links._COMMAND", ["/nonexistent/pw-link"])
    return Told()


def test_what_it_is_linked_to_at_the_start(links: Told) -> None:
    lines = ("= voicetype-7:input_MONO", f"=   |<- {_MICROPHONE}", f"= {_MICROPHONE}")
    assert links.says(*lines, "=   |-> voicetype-7:input_MONO") == [False]


def test_loudspeakers_that_take_a_microphone_s_place_are_told_once_and_so_is_its_return(links: Told) -> None:
    links.says(f"+ {_MICROPHONE} -> voicetype-7:input_MONO", f"- {_MICROPHONE} -> voicetype-7:input_MONO")
    left, right = _LOUDSPEAKERS
    heard = links.says(f"+ {left} -> voicetype-7:input_FL", f"+ {right} -> voicetype-7:input_FR")
    assert heard == [False, True]
    links.says(f"- {left} -> voicetype-7:input_FL", f"- {right} -> voicetype-7:input_FR")
    assert links.says(f"+ {_MICROPHONE} -> voicetype-7:input_MONO") == [False, True, False]


def test_other_programs_and_ports_are_none_of_our_business(links: Told) -> None:
    left, _ = _LOUDSPEAKERS
    lines = (
        f"+ {left} -> voicetype-77:input_FL",
        f"+ {left}",
        f"- {left}",
        "",
        "nonsense",
        f"=   |<- {left}",
    )
    assert links.says(*lines) == []


def test_without_pipewire_nothing_is_known_and_it_can_be_closed(links: Told) -> None:
    links.close()
    assert links.heard == []
