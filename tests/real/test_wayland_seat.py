"""The seat of a Wayland session whose keyboards come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.script import Script
from tests.real.wayland import KEY_A, KEY_X, Compositor, User, own_compositor
from tests.real.xserver import wait_until
from voicetype.keyboard.process import ProcessKeyboard

pytestmark = pytest.mark.real

__all__ = ["own_compositor"]


@pytest.fixture
def script(own_compositor: Compositor) -> Iterator[Script]:
    assert own_compositor
    options = {"characters_per_s": 300}
    script = Script(ProcessKeyboard("input-method", "voicetype.keyboard.input_method", options))
    yield script
    script.keyboard.close()


def keyboards(compositor: Compositor) -> int:
    return sum(each["type"] == "keyboard" for each in compositor.command("-t", "get_inputs"))


def use_another_and_unplug_it(compositor: Compositor) -> None:
    """As with wtype, or a keyboard on a cable: the seat is left without any."""
    before = keyboards(compositor)
    other = User(compositor.environment)
    wait_until(lambda: keyboards(compositor) > before, "it is plugged in")
    other.tap(KEY_X)
    wait_until(lambda: compositor.apps[-1].text.endswith("x"), "it types")
    other.leave()
    wait_until(lambda: keyboards(compositor) == before, "it is unplugged")


def test_where_the_keyboard_that_was_used_last_is_gone(script: Script, own_compositor: Compositor) -> None:
    """sway 1.7 crashes when its keys are asked for then."""
    app = own_compositor.gtk()
    use_another_and_unplug_it(own_compositor)
    script.begin()
    script.speak()
    script.draft("the first wards")
    script.draft("the first words are")
    script.confirm("The first words.")
    script.end()
    app.shows("xThe first words.")
    assert own_compositor.process.poll() is None


def test_keys_are_heard_again_once_another_is_used(script: Script, own_compositor: Compositor) -> None:
    app = own_compositor.gtk()
    use_another_and_unplug_it(own_compositor)
    own_compositor.user.tap(KEY_A)
    app.shows("xa")
    script.begin()
    script.speak()
    script.draft("words")
    own_compositor.user.tap(KEY_X)
    app.shows("xawordsx")
    script.confirm("Words and more.")
    script.end()
    assert app.text.startswith("xawordsx")
