"""Telling own key events from the user's by counting them."""

from __future__ import annotations

import threading

import pytest

from voicetype.x11 import own_keys
from voicetype.x11.own_keys import OwnKeys


def test_each_announced_event_is_own_once() -> None:
    keys = OwnKeys()
    ledger = keys.ledger()
    keys.announce(38, True)
    keys.announce(38, True)
    assert [ledger.is_own(38, True) for _ in range(3)] == [True, True, False]


def test_press_and_release_and_keys_are_apart() -> None:
    keys = OwnKeys()
    ledger = keys.ledger()
    keys.announce(38, True)
    assert not ledger.is_own(38, False)
    assert not ledger.is_own(39, True)
    assert ledger.is_own(38, True)


def test_every_listener_hears_of_it() -> None:
    keys = OwnKeys()
    first, second = keys.ledger(), keys.ledger()
    keys.announce(38, True)
    assert first.is_own(38, True)
    assert second.is_own(38, True)
    keys.forget(second)
    keys.announce(38, True)
    assert first.is_own(38, True)
    assert not second.is_own(38, True)


def test_settled_when_all_came_back() -> None:
    keys = OwnKeys()
    ledger = keys.ledger()
    assert ledger.settle(0.0)
    keys.announce(38, True)
    hearing = threading.Timer(0.01, ledger.is_own, [38, True])
    hearing.start()
    assert ledger.settle(5.0)
    hearing.join()


def test_what_the_server_swallowed_is_given_up() -> None:
    keys = OwnKeys()
    ledger = keys.ledger()
    keys.announce(105, True)
    assert not ledger.settle(0.0)
    assert not ledger.is_own(105, True), "the next press is the user's"


def test_an_event_that_never_comes_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = OwnKeys()
    ledger = keys.ledger()
    keys.announce(105, True)
    monkeypatch.setattr(own_keys, "_EXPIRY_S", -1.0)
    assert not ledger.is_own(105, True)
