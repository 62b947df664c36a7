"""A hundred calls a second over D-Bus, from several programs at once, and calls that are too large."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from dbus_fast import Message, MessageType, Variant

from tests.real.bus import Bus, bus
from tests.real.daemon import Daemon
from tests.real.soundserver import SoundServer
from tests.real.talking import environment, talking_daemon
from voicetype import client
from voicetype.client import NAME, PATH

__all__ = ["bus"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

CLIENTS, CALLS, PAUSE_S = 4, 120, 0.025
UNSEEN = "typing.keyboard = 'dummy'\nhotkey.key = ''\n"
OPTIONS: dict[str, tuple[str, list[object]]] = {
    "Start": ("a{sv}", [{}]),
    "SetLanguage": ("s", ["en"]),
    "TypeLast": ("a{sv}", [{"rest": Variant("b", True)}]),
}
MEMBERS = [*["Start", "Stop"] * 5, *["Toggle"] * 3, "Cancel", "UndoLast", "SetLanguage", "Last", "TypeLast"]


def message(member: str, signature: str = "", body: Sequence[object] = ()) -> Message:
    return Message(
        destination=NAME, path=PATH, interface=NAME, member=member, signature=signature, body=[*body]
    )


async def calls(seed: int, members: Sequence[str]) -> list[Message]:
    """One program: a call each few milliseconds, whether or not the last has its answer."""
    chance, connection = random.Random(seed), await client.connect()
    try:
        under_way = []
        for _ in range(CALLS):
            member = chance.choice(members)
            call = connection.call(message(member, *OPTIONS.get(member, ())))
            under_way.append(asyncio.ensure_future(call))
            await asyncio.sleep(chance.uniform(0, 2 * PAUSE_S))
        return await asyncio.gather(*under_way)
    finally:
        connection.disconnect()


async def storm(members: Sequence[str]) -> list[Message]:
    answers = await asyncio.gather(*(calls(seed, members) for seed in range(CLIENTS)))
    return [answer for each in answers for answer in each]


def held(daemon: Daemon) -> tuple[int, int]:
    """Open files, and threads."""
    process = Path(f"/proc/{daemon.process.pid}")
    return len([*(process / "fd").iterdir()]), len([*(process / "task").iterdir()])


def memory_mb(daemon: Daemon) -> float:
    """Resident."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def is_idle(daemon: Daemon) -> bool:
    return client.properties()["State"] == "idle" and daemon.process.poll() is None


def dictate() -> str:
    client.call("Start", "a{sv}", {})
    return str(client.call("Stop", answers="s", timeout_s=60)[0])


def check_answers(answers: Sequence[Message]) -> None:
    """Each is one, and in words of ours."""
    refused = [each for each in answers if each.message_type is MessageType.ERROR]
    names = Counter(str(each.error_name) for each in refused)
    allowed = {"Busy", "NoUndo", "NoKeyboard"}
    assert {name.removeprefix("org.voicetype.Error.") for name in names} <= allowed, names
    assert len(refused) < len(answers)


def test_a_storm_of_dictations(bus: Bus, tmp_path: Path) -> None:
    env = environment(tmp_path, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with talking_daemon(env, tmp_path, UNSEEN) as daemon:
        dictate()
        daemon.wait_for(lambda: is_idle(daemon), "the daemon is idle")
        files, threads = held(daemon)
        answers = asyncio.run(storm(MEMBERS))
        assert len(answers) == CLIENTS * CALLS
        check_answers(answers)
        client.call("Cancel")
        daemon.wait_for(lambda: is_idle(daemon), "the daemon is idle again")
        daemon.wait_for(lambda: held(daemon)[0] <= files, f"{files} files are open, as before")
        daemon.wait_for(lambda: held(daemon)[1] <= threads, f"{threads} threads run, as before")
        assert not any("Traceback" in line for line in daemon.said)
        started = len(daemon.of("finished"))
        assert started > 50
        client.call("Start", "a{sv}", {})
        spoken = len(daemon.of("segment"))
        daemon.wait_for(lambda: len(daemon.of("segment")) > spoken + 3, "it listens as ever")
        (text,) = client.call("Stop", answers="s", timeout_s=60)
        assert text == client.call("Last", answers="s")[0] != ""
        client.call("Quit")
        assert daemon.process.wait(20) == 0


def test_a_storm_with_a_real_microphone(sound_server: SoundServer, tmp_path: Path) -> None:
    """It is closed in the end."""

    def recording_streams() -> int:
        command = ["pactl", "list", "short", "source-outputs"]
        done = subprocess.run(command, env=daemon.env, capture_output=True, text=True, check=True)
        return len(done.stdout.splitlines())

    env = environment(tmp_path, **sound_server.env)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", env["DBUS_SESSION_BUS_ADDRESS"])
        with talking_daemon(env, tmp_path, UNSEEN, "real") as daemon:
            dictate()
            daemon.wait_for(lambda: is_idle(daemon), "the daemon is idle")
            (files, threads), streams = held(daemon), recording_streams()
            check_answers(asyncio.run(storm(MEMBERS)))
            client.call("Cancel")
            daemon.wait_for(lambda: is_idle(daemon), "the daemon is idle again")
            daemon.wait_for(lambda: recording_streams() == streams, "every microphone is closed")
            # Two processes for sound are kept, with two pipes each.
            daemon.wait_for(lambda: held(daemon)[0] <= files + 4, f"{files} files are open, as before")
            daemon.wait_for(lambda: held(daemon)[1] <= threads + 2, f"{threads} threads run, as before")
            assert not any("Traceback" in line for line in daemon.said)


HUGE = 16 << 20  # bytes; the bus itself cuts off who sends more than 128 MB


def deep(levels: int) -> Variant:
    """A variant in a variant in a variant …"""
    value = Variant("s", "de")
    for _ in range(levels):
        value = Variant("v", value)
    return value


def too_large() -> list[tuple[str, str, list[object]]]:
    """Calls, with the signature and the arguments of each."""
    long = "x" * HUGE
    return [
        ("SetLanguage", "s", [long]),
        ("SetModels", "ss", [long, "base"]),
        ("Start", "a{sv}", [{"language": Variant("s", long)}]),
        ("Start", "a{sv}", [{long: Variant("s", "")}]),
        ("Start", "a{sv}", [{"language": Variant("as", ["x"] * (HUGE // 64))}]),
        ("Start", "a{sv}", [{"language": deep(60)}]),
        ("Start", "a{sv}", [{f"option {n}": Variant("s", "x" * 100) for n in range(100_000)}]),
        ("TypeLast", "a{sv}", [{"rest": Variant("s", long)}]),
        ("TypeLast", "a{sv}", [{"what": Variant("b", True)}]),
    ]


async def answer_to(member: str, signature: str, body: list[object]) -> Message:
    connection = await client.connect()
    try:
        return await connection.call(message(member, signature, body))
    finally:
        connection.disconnect()


def test_what_is_too_large_is_refused_by_name(bus: Bus, tmp_path: Path) -> None:
    env = environment(tmp_path, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with talking_daemon(env, tmp_path, UNSEEN) as daemon:
        dictate()
        before_mb = memory_mb(daemon)
        for member, signature, body in too_large():
            answer = asyncio.run(answer_to(member, signature, body))
            assert answer.error_name == "org.voicetype.Error.InvalidArguments", (member, signature)
            assert len(str(answer.body)) < 600
            assert is_idle(daemon)
        daemon.wait_for(lambda: memory_mb(daemon) < before_mb + 100, "the memory is given back")
