"""What can be written on the command line, and the help that teaches it."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voicetype import __version__

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from voicetype.integration.keys import Keys

    Commands = _SubParsersAction[ArgumentParser]

_EXAMPLES = """\
examples:
  voicetype                                 start the daemon; hold Right Ctrl and speak
  voicetype run --preset multilingual --language de
  voicetype toggle                          for a shortcut of your desktop: listen, or listen no more
  voicetype stop                            listen no more, and print the text
  voicetype replay talk.wav --realtime      watch how a recording is typed
  voicetype transcribe talk.wav > talk.txt  offline, with the heavy model alone
  voicetype doctor                          what is missing here, and what to do about it
  voicetype config                          every setting, as the lines of a configuration file
  voicetype config init                     write such a file, for you to edit

exit codes: 0 done, 1 failed (a sentence on stderr says why), 2 usage, 130 interrupted
"""

_FORMATS = ("console", "jsonl", "text")
_SWITCHES = ("--verbose", "--quiet", "-q")  # of every command


def with_default_command(argv: Sequence[str]) -> list[str]:
    """`argv` with "run" in front where it begins with no command."""
    words = list(argv)
    while words and (words[0] in _SWITCHES or words[0].startswith("--config")):
        words = words[2:] if words[0] == "--config" else words[1:]
    begins = words and (not words[0].startswith("-") or words[0] in ("-h", "--help", "--version"))
    return list(argv) if begins else ["run", *argv]


def parser() -> ArgumentParser:
    """The whole command line. A destination with a dot in it is a setting: "models.fast", ".language"."""
    top = ArgumentParser(
        prog="voicetype",
        description="Dictation that types while you speak: a fast model drafts, a heavy one corrects.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"voicetype {__version__}")
    _common(top, None)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _dictation(commands)
    _clients(commands)
    _rest(commands)
    return top


def _dictation(commands: Commands) -> None:
    run = _command(commands, "run", "the daemon, in the foreground (the default)")
    _overrides(run)
    run.add_argument("--format", choices=_FORMATS, help="default: console on a terminal, else notes alone")
    replay = _command(
        commands, "replay", "a recording through the whole pipeline, as if it were the microphone"
    )
    replay.add_argument("file", metavar="FILE", help="a recording in any format that FFmpeg reads")
    replay.add_argument("--realtime", action="store_true", help="at the recording's own pace")
    replay.add_argument("--format", choices=_FORMATS, help="default: console on a terminal, else lines")
    _overrides(replay)
    transcribe = _command(commands, "transcribe", "the text of a recording, by the heavy model alone")
    transcribe.add_argument("file", metavar="FILE", help="a recording in any format that FFmpeg reads")
    _overrides(transcribe, typing=False)


def _clients(commands: Commands) -> None:
    start = _command(commands, "start", "listen (where voicetype is installed, the daemon is started for it)")
    start.add_argument("--language", type=_checked("language"), help="for this dictation")
    _command(commands, "stop", "listen no more, and print the text")
    _command(commands, "toggle", "listen, or listen no more: for a shortcut of your desktop")
    _command(commands, "cancel", "drop this dictation")
    _command(commands, "undo", "take back what the last dictation typed, if nothing else was since")
    _last(commands)
    _command(commands, "quit", "end the daemon")
    status = _command(commands, "status", "what the daemon does")
    status.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="json has what status bars such as waybar want",
    )
    status.add_argument(
        "--follow", action="store_true", help="a line now and at each change, until interrupted"
    )
    _command(commands, "listen", "what the daemon says, as JSON lines, until interrupted")


def _last(commands: Commands) -> None:
    last = _command(commands, "last", "the text of the last dictation, also where no window took it")
    which = last.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="the ten newest, and what of each was not typed")
    which.add_argument("--untyped", action="store_true", help="only what no window took of it")
    which_way = last.add_argument_group("typing it again")
    which_way.add_argument(
        "--type", action="store_true", help="into the focused window: best bound to a shortcut"
    )
    which_way.add_argument(
        "--after", metavar="SECONDS", type=_seconds, default=0.0, help="time to go to another window"
    )


def _seconds(text: str) -> float:
    """A time that somebody can wait for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise ArgumentTypeError(f"{text!r} is no number of seconds from 0 to 3600")
    return seconds


def _rest(commands: Commands) -> None:
    models = _command(commands, "models", "the models: list, get, remove")
    actions = models.add_subparsers(dest="action", metavar="ACTION")
    listed = _command(actions, "list", "every model and preset: size, memory, speed here (the default)")
    for command, default in ((models, "text"), (listed, SUPPRESS)):  # what stands before ACTION holds
        command.add_argument("--format", choices=("text", "json"), default=default)
    get = _command(actions, "get", "fetch models ahead of time")
    get.add_argument("names", metavar="NAME", nargs="*", help="default: the two that are configured")
    remove = _command(actions, "remove", "delete a model from this machine")
    remove.add_argument("name", metavar="NAME")
    _command(commands, "devices", "the microphones; * marks the default")
    doctor = _command(commands, "doctor", "what dictation needs, whether it is here, and what to do about it")
    doctor.add_argument("--format", choices=("text", "json"), default="text")
    doctor.add_argument(
        "--no-typing",
        dest="typing",
        action="store_false",
        help="do not open the small window in which each way to type is tried",
    )
    config = _command(commands, "config", "every setting, and whether it is a default or from the file")
    config.add_argument("--path", action="store_true", help="print only where the file is looked for")
    written = config.add_subparsers(dest="action", metavar="ACTION")
    _command(written, "init", "write a file to edit, in which every default stands, commented out")
    _installation(commands)


def _installation(commands: Commands) -> None:
    install = _command(
        commands, "install", "into this user's desktop: menu, icon, start at login, service, D-Bus"
    )
    install.add_argument(
        "--shortcut",
        metavar="KEYS",
        type=_keys,
        help="a shortcut of the desktop for `voicetype toggle`: '<Super>z', '<Ctrl><Alt>space', Pause",
    )
    uninstall = _command(commands, "uninstall", "what `install` wrote is removed; what you changed stays")
    uninstall.add_argument("--models", action="store_true", help="the downloaded models too")


def _keys(text: str) -> Keys:
    """Keys as any desktop spells them."""
    from voicetype.errors import DesktopError
    from voicetype.integration.keys import Keys

    try:
        return Keys.parse(text)
    except DesktopError as error:
        raise ArgumentTypeError(f"{error.sentence} {error.hint}") from error


def _command(commands: Commands, name: str, purpose: str) -> ArgumentParser:
    command = commands.add_parser(
        name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".", allow_abbrev=False
    )
    # SUPPRESS: what was given before the command is not overwritten by a default after it.
    _common(command, SUPPRESS)
    return command


def _common(command: ArgumentParser, default: str | None) -> None:
    command.add_argument(
        "--config", metavar="FILE", type=Path, default=default, help="instead of the usual configuration file"
    )
    for options, dest, value, purpose in (
        (("--verbose",), "logs.level", "debug", "say more of what is done"),
        (("--quiet", "-q"), "logs.quiet", True, "no log at all; only how the command ended"),
    ):
        command.add_argument(
            *options, dest=dest, action="store_const", const=value, default=default, help=purpose
        )


def _overrides(command: ArgumentParser, *, typing: bool = True) -> None:
    """Settings that the command line may change; `typing`: those of the keyboard too."""
    group = command.add_argument_group("settings, for this once")
    for name, metavar, purpose in (
        ("models.preset", "NAME", "auto, light, light-multilingual, english, multilingual or accurate"),
        ("models.fast", "MODEL", "the model that drafts: a name or a folder"),
        ("models.heavy", "MODEL", "the model that confirms: a name or a folder"),
        ("language", "CODE", "a language code, auto (of each utterance), or locale (the desktop's)"),
        ("typing.patching", "HOW", "diff, replace or window"),
        ("typing.keyboard", "WAY", "how to type: auto, x11, dummy"),
    ):
        if name.startswith("typing.") and not typing:
            continue
        option = f"--{name.rpartition('.')[2]}"
        dest = name if "." in name else f".{name}"
        group.add_argument(option, dest=dest, metavar=metavar, type=_checked(name), help=purpose)


def _checked(name: str) -> Callable[[str], str]:
    """A value of the command line under the rules of the configuration file."""

    def check(value: str) -> str:
        from voicetype.config import Config
        from voicetype.config_file import override
        from voicetype.errors import ConfigError

        try:
            override(Config(), {name: value})
        except ConfigError as error:
            told = error.sentence.partition(": ")[2]
            raise ArgumentTypeError(f"{told} {error.hint}") from error
        return value

    return check
