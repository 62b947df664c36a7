"""The log: what is kept of a record, when it is written, what is counted, and that nobody waits for it."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voicetype.core.events import Patch
from voicetype.errors import KeyboardError, ModelError, PatchInterrupted
from voicetype.keyboard.process import ProcessKeyboard
from voicetype.logs.digest import Digest, shown
from voicetype.logs.entries import Entry, entry
from voicetype.logs.outlet import Outlet
from voicetype.logs.writer import Writer

ROOT = Path(__file__).parent.parent
PATIENCE_S = 20.0


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not in time: {what}"
        time.sleep(0.005)


def made(text: str, level: int = logging.INFO, name: str = "voicetype.x") -> Entry:
    return Entry(name, level, text, (), ())


def record(message: object, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("voicetype.x", logging.WARNING, __file__, 1, message, arguments, info)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001  # with its traceback
        return caught


class Page:
    """A file that a log is written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream = path.open("w", encoding="utf-8")

    @property
    def lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    page = Page(tmp_path / "log")
    yield page
    page.stream.close()


@pytest.fixture
def writer(page: Page) -> Iterator[Writer]:
    """One that looks by itself once an hour."""
    writer = Writer(Outlet(page.stream, {}), every_s=3600.0)
    yield writer
    writer.close()


def in_session(writer: Writer) -> None:
    writer.began()
    writer.flush()


# What is kept of a record.


def test_what_is_said_later_is_what_was_true() -> None:
    words = ["one"]
    kept = entry(record("%s and %d", words, 2), everything=False)
    words.append("two")
    assert kept.text == "['one'] and 2"


def test_what_can_not_change_is_put_together_later() -> None:
    assert entry(record("%s %d %.1f", "one", 2, 3.0), everything=False).arguments == ("one", 2, 3.0)


def test_nothing_is_kept_alive() -> None:
    class Audio:
        pass

    def fail(audio: Audio) -> None:
        raise OSError(type(audio).__name__)

    audio = Audio()
    gone = weakref.ref(audio)
    try:
        fail(audio)
    except OSError as error:
        kept = entry(record("%s", audio, error=error), everything=False)
    del audio
    gc.collect()
    assert gone() is None
    assert "in fail\n    raise OSError" in kept.text


@pytest.mark.parametrize(
    ("message", "arguments", "text"),
    [
        ("100 %", (), "100 %"),
        ("%(a)s", ({"a": 1},), "1"),
        ("%d", ("x",), "%d (its arguments do not fit: TypeError)"),
        ("%d", ([],), "%d (its arguments do not fit: TypeError)"),
        (["a"], (), "['a']"),
    ],
)
def test_any_record_has_a_text(message: object, arguments: tuple[object, ...], text: str) -> None:
    assert entry(record(message, *arguments), everything=False).text == text


def test_what_can_not_be_told_does_no_harm() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError

    assert entry(record(Mute()), everything=False).text == "(what can't be told: RuntimeError)"
    assert "do not fit" in entry(record("%s", Mute()), everything=False).text


def test_what_is_long_is_cut() -> None:
    kept = entry(record("%s", "a" * 1_000_000), everything=False)
    assert len(kept.message) < 5_000
    assert not kept.arguments


def test_an_exception_does_not_quote_what_was_dictated() -> None:
    cause, context = raised(ValueError("invalid: 'secret'")), KeyError("secret")
    context.__context__ = cause
    error = raised(RuntimeError("9 > 8"), context)
    for kept in (
        entry(record("failed: %s", cause, error=error), everything=False),
        entry(record(cause, error=cause), everything=False),
    ):
        assert "secret" not in kept.text
        assert "ValueError (what it says is left out" in kept.text
    text = entry(record("failed", error=error), everything=False).text
    assert text.endswith("RuntimeError: 9 > 8")
    assert "direct cause" in text
    assert "During handling" in text
    assert entry(record("failed: %s", cause, error=error), everything=True).text.count("secret") == 3


def test_an_exception_that_was_never_raised_has_no_traceback() -> None:
    kept = entry(record("failed", error=ModelError("It is gone.", "Look.")), everything=False)
    assert kept.text == "failed\nModelError: It is gone."


def test_a_task_is_not_quoted() -> None:
    made = record("Task exception was never retrieved\nfuture: <Task exception=ValueError('secret')>")
    made.name = "asyncio"
    assert entry(made, everything=False).text == "Task exception was never retrieved"


# What is repeated.


def new(digest: Digest, entries: list[Entry]) -> list[str]:
    return [shown(each) for each in entries if digest.is_new(each)]


def test_what_is_repeated_is_written_once_and_counted() -> None:
    digest = Digest(most=100)
    lines = new(digest, [made("a"), *[made("b")] * 3, made("c")])
    lines += new(digest, [made("a"), *[made("b")] * 844])
    assert lines == ["a", "b", "c"]
    assert [text for _, text in digest.end()] == ["a … 2 times", "b … 847 times"]


def test_another_logger_level_or_argument_is_another_message() -> None:
    entries = [made("a"), made("a", logging.ERROR), made("a", logging.WARNING, "other")]
    assert new(Digest(most=100), entries) == ["a", "error: voicetype.x: a", "warning: other: a"]
    entries = [entry(record("%d", number), everything=False) for number in (1, 2, 1)]
    assert [text[-1] for text in new(Digest(most=100), entries)] == ["1", "2"]


def test_a_fault_is_another_where_it_comes_from_elsewhere() -> None:
    here, there = raised(OSError("no")), raised(OSError("yes"))
    entries = [entry(record("failed", error=each), everything=False) for each in (here, there, here)]
    digest = Digest(most=100)
    assert len(new(digest, entries)) == 2
    ((_, text),) = digest.end()
    assert text.endswith("OSError: no … 2 times")


def test_a_library_has_so_many_lines_and_we_have_all() -> None:
    digest = Digest(most=10_000)
    for name, written in (("other", 100), ("voicetype.x", 1000)):
        assert len(new(digest, [made(str(n), logging.WARNING, name) for n in range(1000)])) == written
    assert [text for _, text in digest.end()] == ["warning: other: … and 900 more messages"]


def test_threads_are_counted_to_the_last() -> None:
    digest = Digest(most=10)
    found: list[str] = []

    def log() -> None:
        for _ in range(2_000):
            found.extend(new(digest, [made("a")]))

    threads = [threading.Thread(target=log) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == ["a"]
    assert [text for _, text in digest.end()] == ["a … 8000 times"]


# When it is written.


def test_it_is_written_at_once_while_nobody_dictates(writer: Writer, page: Page) -> None:
    writer.put(made("Ready"))
    wait_until(lambda: page.lines == ["Ready"], "what nobody waits for")


def test_in_a_dictation_it_waits_for_a_pause(writer: Writer, page: Page) -> None:
    in_session(writer)
    for text in ("one", "two", "one"):
        writer.put(made(text, logging.WARNING))
    assert writer._signals.empty()  # nobody is woken
    assert page.lines == []
    writer.pause()
    wait_until(lambda: len(page.lines) == 2, "what waited for the pause")
    assert page.lines == ["warning: voicetype.x: one", "warning: voicetype.x: two"]
    writer.ended()
    wait_until(lambda: len(page.lines) == 3, "the count")
    assert page.lines[-1] == "warning: voicetype.x: one … 2 times"
    writer.put(made("Ready"))
    wait_until(lambda: page.lines[-1] == "Ready", "what comes behind the dictation")


def test_an_error_does_not_wait_nor_what_came_before_it(writer: Writer, page: Page) -> None:
    in_session(writer)
    writer.put(made("before"))
    writer.put(made("broken", logging.ERROR))
    wait_until(lambda: page.lines == ["before", "error: voicetype.x: broken"], "the error")


def test_every_few_seconds_it_is_written_without_a_pause(page: Page) -> None:
    writer = Writer(Outlet(page.stream, {}), every_s=0.05)
    writer.began()
    writer.put(made("one"))
    writer.put(made("one"))
    wait_until(lambda: page.lines == ["one", "one … 2 times"], "what nobody asked for")
    writer.close()


def test_of_two_dictations_the_last_one_counts(writer: Writer, page: Page) -> None:
    writer.began()
    writer.began()
    writer.ended()
    writer.flush()
    writer.put(made("one"))
    writer.ended()
    wait_until(lambda: page.lines == ["one"], "the end of both")


def test_more_than_may_wait_is_counted(page: Page) -> None:
    writer = Writer(Outlet(page.stream, {}), every_s=3600.0, most=10)
    in_session(writer)
    for number in range(30):
        writer.put(made(str(number)))
    writer.close()
    assert page.lines == [
        *map(str, range(10)),
        "warning: voicetype.logs.writer: 20 messages are missing here",
    ]


def test_threads_lose_nothing_and_keep_their_order(writer: Writer, page: Page) -> None:
    def log(name: str) -> None:
        for number in range(500):
            writer.put(made(f"{name}{number}"))

    threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    writer.flush()
    for name in "abcd":
        assert [line for line in page.lines if line[0] == name] == [f"{name}{n}" for n in range(500)]


# Where it goes.


def test_lines_are_whole_and_have_nothing_that_a_terminal_obeys(page: Page) -> None:
    outlet = Outlet(page.stream, {})
    assert outlet.write([(logging.INFO, "\x1b[31mred\r\nzwölf"), (logging.INFO, "x" * 10_000)]) == 0
    outlet.close()
    assert page.lines == ["·[31mred·", "zwölf", "x" * 10_000]


def test_the_journal_is_told_how_bad_it_is(page: Page) -> None:
    found = os.fstat(page.stream.fileno())
    outlet = Outlet(page.stream, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
    lines = [(logging.DEBUG, "d"), (logging.INFO, "i"), (logging.WARNING, "w"), (logging.ERROR, "e\nf")]
    assert outlet.write([*lines, (logging.CRITICAL, "c")]) == 0
    outlet.close()
    assert page.lines == ["<7>d", "<6>i", "<4>w", "<3>e", "<3>f", "<2>c"]


def test_a_stream_that_is_none_takes_nothing() -> None:
    outlet = Outlet(io.TextIOWrapper(io.BytesIO()), {})
    assert outlet.write([(logging.INFO, "a"), (logging.INFO, "b")]) == 2
    outlet.close()


def test_a_full_disk_is_counted() -> None:
    with Path("/dev/full").open("w") as full:
        outlet = Outlet(full, {})
        assert outlet.write([(logging.INFO, "a")]) == 1
        outlet.close()


def test_who_reads_no_more_loses_it_and_nobody_waits() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        writer = Writer(Outlet(stream, {}), every_s=3600.0)
        os.close(reading)
        writer.put(made("a"))
        writer.close()


def test_a_pipe_that_nobody_empties_holds_nobody_up() -> None:
    """What it has no room for is lost, and told once there is room."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as reader:
        writer = Writer(Outlet(stream, {}), every_s=0.05, most=500)
        for number in range(5_000):
            writer.put(made(f"{number} {'x' * 1_000}"))
        found: list[str] = []
        reader_thread = threading.Thread(target=lambda: found.extend(reader), daemon=True)
        wait_until(writer._waiting.empty, "what is lost has left the memory")
        reader_thread.start()
        wait_until(lambda: bool(found) and "messages are missing here" in found[-1], "how much is missing")
        writer.close()
        stream.close()
        reader_thread.join(PATIENCE_S)
    *lines, missing = found
    assert missing == f"warning: voicetype.logs.writer: {5_000 - len(lines)} messages are missing here\n"
    assert lines == [f"{number} {'x' * 1_000}\n" for number in range(len(lines))]


# As it is configured, in a process of its own.


def ended(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import logging, sys, os, threading\nfrom voicetype import logs\n" + code,
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )


def test_ours_are_told_from_info_on_and_of_libraries_the_warnings() -> None:
    done = ended(
        """
ours, one, other = map(logging.getLogger, ("voicetype.x", "one", "other.part"))
def say(word):
    for each in (ours, one, other):
        for level in (10, 20, 30, 40):
            each.log(level, "%s %d", word, level)
logs.configure()
say("usual")
logs.configure("warning", libraries={"one": "error", "other": "info"})
say("mixed")
logs.configure("debug")
say("verbose")
logs.configure("error")
say("errors")
logs.configure(quiet=True, libraries={"one": "debug"})
say("quiet")
logging.shutdown()
"""
    )
    told: dict[str, list[str]] = {}
    for line in done.stderr.splitlines():
        *head, word, level = line.split()
        told.setdefault(word, []).append(" ".join([*head, level]))
    assert told == {
        "usual": [
            *("20", "warning: voicetype.x: 30", "error: voicetype.x: 40"),
            *("warning: one: 30", "error: one: 40"),
            *("warning: other.part: 30", "error: other.part: 40"),
        ],
        "mixed": [
            *("warning: voicetype.x: 30", "error: voicetype.x: 40"),
            "error: one: 40",
            *("info: other.part: 20", "warning: other.part: 30", "error: other.part: 40"),
        ],
        "verbose": [
            *("debug: voicetype.x: 10", "20", "warning: voicetype.x: 30", "error: voicetype.x: 40"),
            *("warning: one: 30", "error: one: 40"),
            *("warning: other.part: 30", "error: other.part: 40"),
        ],
        "errors": ["error: voicetype.x: 40", "error: one: 40", "error: other.part: 40"],
    }


def test_what_is_not_told_is_not_even_made() -> None:
    done = ended(
        """
logs.configure()
made = []
logging.setLogRecordFactory(lambda *a, **k: made.append(a) or logging.LogRecord(*a, **k))
logging.getLogger("voicetype.x").debug("a")
logging.getLogger("other").info("b")
logs.configure(quiet=True)
logging.getLogger("voicetype.x").error("c")
print(made)
"""
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_library_with_its_own_logger_is_told_its_level() -> None:
    done = ended(
        """
logs.configure()
told = []
logs.library("one", told.append)
for how in ({"libraries": {"one": "debug"}}, {"level": "error"}, {"level": "debug"}, {"quiet": True}):
    logs.configure(**how)
print(told)
"""
    )
    assert done.stdout == "[30, 10, 40, 30, 50]\n"


def test_ctranslate2_takes_every_level() -> None:
    done = ended(
        """
import ctranslate2
logs.configure()
logs.library("ctranslate2", ctranslate2.set_log_level)
for how in ({"libraries": {"ctranslate2": "debug"}}, {"quiet": True}, {}):
    logs.configure(**how)
    print(ctranslate2.get_log_level())
"""
    )
    assert done.stdout.split() == ["10", "50", "30"]


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise SystemExit(3)", "pass", "1 / 0"])
def test_the_end_of_the_program_loses_nothing(end: str) -> None:
    done = ended(
        f"""
logs.configure()
logs.began()
for _ in range(3):
    logging.getLogger("voicetype.x").info("one")
{end}
"""
    )
    assert done.stderr.splitlines()[:2] == ["one", "one … 3 times"]


def started(code: str) -> subprocess.Popen[str]:
    """The command `voicetype devices`, which does `code` instead."""
    lines = "\n    ".join(code.strip().splitlines())
    program = f"""
import logging, os, signal, sys
from voicetype import cli, logs
def run(options):
    {lines}
    return 0
cli.import_module = lambda name: sys.modules["__main__"]
sys.argv[1:] = ["devices"]
sys.exit(cli.main())
"""
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_ends_it_loses_nothing(number: signal.Signals) -> None:
    with started(
        'logs.began(); logging.getLogger("voicetype.x").info("one"); print(1, flush=True); input()'
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "1\n"
        one.send_signal(number)
        _, said = one.communicate(timeout=PATIENCE_S)
    assert (one.returncode, said) == (130, "one\n")


def test_before_a_crash_an_error_is_out() -> None:
    with started('logs.began(); logging.getLogger("voicetype.x").error("broken"); input()') as one:
        assert one.stderr is not None
        assert one.stderr.readline() == "error: voicetype.x: broken\n"
        one.kill()


def test_a_full_pipe_does_not_hold_up_the_end() -> None:
    code = 'for n in range(3000): logging.getLogger("voicetype.x").info("%d %s", n, "x" * 100)'
    with started(code) as one:
        assert one.wait(PATIENCE_S) == 0  # nobody has read a word of it


def test_without_stderr_it_works_all_the_same() -> None:
    program = "import logging; logging.getLogger('voicetype.x').error('one'); print('done')"
    code = f"import sys; from voicetype import cli, logs; cli._make_writable(); logs.configure(); {program}"
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    assert done.stdout == "done\n"


def test_a_signal_handler_may_log_while_somebody_logs() -> None:
    done = ended(
        """
import signal
logs.configure(libraries={"x": "info"})
times = []
def heed(*_):
    times.append(logging.getLogger("x").warning("in between"))
signal.signal(signal.SIGALRM, heed)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
while len(times) < 200:
    logging.getLogger("x").info("one")
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    )
    assert done.returncode == 0
    assert "in between" in done.stderr


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("warnings.warn('old', stacklevel=1)", "UserWarning: old"),
        ("t = threading.Thread(target=fail, name='heavy'); t.start(); t.join()", "heavy ended by a fault"),
        ("Fails(); gc.collect()", "ignored in Fails.__del__"),
        ("fail()", "ValueError (what it says is left out"),
    ],
)
def test_what_nobody_caught_is_told_without_words(fault: str, line: str) -> None:
    done = ended(
        f"""
import gc, warnings
def fail():
    raise ValueError("sec" + "ret")
class Fails:
    def __del__(self):
        fail()
logs.configure()
{fault}
"""
    )
    assert line in done.stderr
    assert "secret" not in done.stderr


def test_quiet_is_quiet_and_the_outcome_is_told() -> None:
    code = """
import os
from voicetype import cli
from voicetype.errors import VoicetypeError
def run(options):
    logging.getLogger("voicetype.x").error("a message")
    os.write(2, b"a library\\n")
    os.system("echo a child >&2")
    raise VoicetypeError("It failed.", "Try again.")
cli.import_module = lambda name: sys.modules["__main__"]
sys.exit(cli.main(ARGV))
"""
    for option in ("--quiet", "-q"):
        for argv in ([option, "devices"], ["devices", option]):
            done = ended(code.replace("ARGV", repr(argv)))
            assert (done.returncode, done.stderr) == (1, "It failed.\nTry again.\n")
    done = ended(code.replace("ARGV", "['devices']"))
    assert {"error: voicetype.x: a message", "a library", "a child"} < set(done.stderr.splitlines())


def test_what_was_turned_away_comes_back() -> None:
    code = """
from voicetype import cli
cli._make_writable()
logs.configure()
for quiet in (True, True, False, False):
    logs.configure(quiet=quiet)
    os.write(2, b"a library\\n")
"""
    assert ended(code).stderr == "a library\n" * 2


def test_the_file_sets_the_log(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[logs]\nlevel = 'error'\n[logs.libraries]\none = 'info'\n")
    code = """
from argparse import Namespace
from pathlib import Path
from voicetype.commands.options import asked
asked(Namespace(config=Path(FILE), **{"logs.level": LEVEL, "logs.quiet": None}))
logging.getLogger("voicetype.x").warning("ours")
logging.getLogger("one").info("theirs")
""".replace("FILE", repr(str(file)))
    assert ended(code.replace("LEVEL", "None")).stderr == "info: one: theirs\n"
    told = ended(code.replace("LEVEL", "'debug'")).stderr.splitlines()
    assert told == ["warning: voicetype.x: ours", "info: one: theirs"]


def test_a_keyboard_in_a_process_of_its_own_logs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also why it ended, but not with which text."""
    (tmp_path / "noisy.py").write_text(
        """
import logging
from voicetype.keyboard.dummy import DummyKeyboard
class Noisy(DummyKeyboard):
    def open(self, observer):
        logging.getLogger("voicetype.noisy").debug("too much")
        logging.getLogger("voicetype.noisy").info("opened %d", 1)
    def apply(self, patch):
        raise ValueError(patch.text)
def make(options, held):
    return Noisy()
"""
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    caplog.set_level(logging.INFO, "voicetype")
    keyboard = ProcessKeyboard("noise", "noisy", {})
    keyboard.open(lambda _: None)
    wait_until(lambda: caplog.messages == ["opened 1"], "what it says")
    with pytest.raises((KeyboardError, PatchInterrupted)):
        keyboard.apply(Patch(0, "secret"))
    wait_until(lambda: len(caplog.messages) > 1, "why it ended")
    keyboard.close()
    assert "ValueError (what it says is left out" in caplog.text
    assert "secret" not in caplog.text
