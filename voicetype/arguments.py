"""What can be written on the command line, and the help that teaches it."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voicetype import __version__
from voicetype import argument_values as values

if TYPE_CHECKING:
    from argparse import _ArgumentGroup, _SubParsersAction

    Commands = _SubParsersAction[ArgumentParser]

_EXAMPLES = """\
examples:
  voicetype                                 start the daemon; hold Right Ctrl and speak
  voicetype run --preset multilingual --language de
  voicetype toggle                          for a shortcut of your desktop: listen, or listen no more
  voicetype stop                            listen no more, and print the text
  voicetype replay talk.wav --realtime      watch how a recording is typed
  voicetype transcribe talk.wav > talk.txt  offline, with the heavy model alone
  voicetype transcribe *.mp4 --format srt   subtitles of many recordings
  voicetype learn Siobahn Siobhan           what is to be typed in place of what is heard
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
    replay.add_argument(
        "file", metavar="FILE", help="a recording in any format that FFmpeg reads; -: the standard input"
    )
    replay.add_argument("--realtime", action="store_true", help="at the recording's own pace")
    replay.add_argument("--format", choices=_FORMATS, help="default: console on a terminal, else lines")
    _overrides(replay)
    _transcribe(commands)


_TRANSCRIBE = """\
examples:
  voicetype transcribe talk.mp3                            print the text as it comes
  voicetype transcribe talk.mp3 > talk.txt                 ... into a file
  voicetype transcribe *.mp4 --format srt                  subtitles, beside each recording
  voicetype transcribe *.mp4 --format srt,json --output subtitles/
  ssh studio cat talk.flac | voicetype transcribe -        what comes through a pipe

A file that is there already is left as it is. Whatever ends this command, what was heard is kept in a hidden
file beside the one to be written, and the same command goes on from there; what is only printed begins anew.
"""


def _transcribe(commands: Commands) -> None:
    transcribe = _command(commands, "transcribe", "the text of recordings, by the heavy model alone")
    transcribe.formatter_class, transcribe.epilog = RawDescriptionHelpFormatter, _TRANSCRIBE
    transcribe.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="recordings in any format that FFmpeg reads, also of video; -: the standard input",
    )
    transcribe.add_argument(
        "--format",
        metavar="FORMATS",
        type=values.formats,
        action="extend",
        help="write files instead of printing: txt, srt, vtt (subtitles), json (words with times and "
        "probabilities), or several: srt,json",
    )
    transcribe.add_argument(
        "--output",
        metavar="FOLDER",
        help="where to write files (txt, without --format); default: beside each recording; -: print",
    )
    transcribe.add_argument("--force", action="store_true", help="write anew what is there already")
    group = _overrides(transcribe, typing=False)
    for name, purpose in (
        ("transcribe.threads", "processor threads; 0: all that there are"),
        ("transcribe.batch", "so many windows at once; 1: one by one; 0: by the machine"),
    ):
        option = f"--{name.rpartition('.')[2]}"
        group.add_argument(option, dest=name, metavar="N", type=values.whole_number(name), help=purpose)


def _clients(commands: Commands) -> None:
    start = _command(commands, "start", "listen (where voicetype is installed, the daemon is started for it)")
    start.add_argument(
        "--language", metavar="CODE", type=values.setting("language"), help="for this dictation"
    )
    _command(commands, "stop", "listen no more, and print the text")
    _command(commands, "toggle", "listen, or listen no more: for a shortcut of your desktop")
    _command(commands, "cancel", "drop this dictation")
    _command(commands, "undo", "take back what the last dictation typed, if nothing else was since")
    _last(commands)
    _learn(commands)
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
        "--after", metavar="SECONDS", type=values.seconds, help="time to go to another window"
    )
    last.set_defaults(refuse=last.error)


_LEARN = """\
examples:
  voicetype learn                              list what was learned
  voicetype learn "cube control" kubectl       whole words, whatever their case
  voicetype learn Siobahn Siobhan              a name: the models are told to expect it, too
  voicetype learn "um" ""                      leave it out
  voicetype learn Mähl Mail --language de
  voicetype learn "pull request" PR --application '*slack*'
  voicetype learn "cube control" --forget

It is kept in the configuration file, below [vocabulary], with what you wrote there yourself. A daemon that
runs takes it over at once.
"""


def _learn(commands: Commands) -> None:
    learn = _command(commands, "learn", "what is to be typed in place of what is heard")
    learn.formatter_class, learn.epilog = RawDescriptionHelpFormatter, _LEARN
    learn.add_argument("heard", metavar="WRONG", nargs="?", help="the words as they are typed now")
    learn.add_argument("typed", metavar="RIGHT", nargs="?", help="the words that you mean")
    where = learn.add_mutually_exclusive_group()
    where.add_argument(
        "--language", metavar="CODE", type=values.code, help="only where this language is spoken"
    )
    where.add_argument(
        "--application",
        metavar="NAME",
        type=values.named,
        help="only there: WM_CLASS or app id, * for anything",
    )
    learn.add_argument("--forget", action="store_true", help="type it again as it is heard")


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
    key = _command(commands, "key", "the key of a server: into the keyring, or into its key_file")
    keys = key.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, purpose in (
        ("set", "ask for the key, or read it from a pipe, and keep it"),
        ("remove", "keep it no more"),
    ):
        which = _command(keys, action, purpose)
        which.add_argument("section", nargs="?", choices=("remote", "streaming"), default="remote")
    _installation(commands)


def _installation(commands: Commands) -> None:
    install = _command(
        commands, "install", "into this user's desktop: menu, icon, start at login, service, D-Bus"
    )
    install.add_argument(
        "--shortcut",
        metavar="KEYS",
        type=values.keys,
        help="a shortcut of the desktop for `voicetype toggle`: '<Super>z', '<Ctrl><Alt>space', Pause",
    )
    uninstall = _command(commands, "uninstall", "what `install` wrote is removed; what you changed stays")
    uninstall.add_argument("--models", action="store_true", help="the downloaded models too")


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


def _overrides(command: ArgumentParser, *, typing: bool = True) -> _ArgumentGroup:
    """Settings that the command line may change; `typing`: those of typing while somebody speaks too."""
    group = command.add_argument_group("settings, for this once")
    for name, metavar, purpose in (
        ("models.preset", "NAME", "auto, light, light-multilingual, english, multilingual or accurate"),
        ("models.fast", "MODEL", "the model that drafts: a name or a folder"),
        ("models.heavy", "MODEL", "the model that confirms: a name or a folder"),
        (
            "engine.strategy",
            "NAME",
            "who hears: dual, cascaded, single, gated, remote or streaming",
        ),
        ("language", "CODE", "a language code, auto (of each utterance), or locale (the desktop's)"),
        ("typing.patching", "HOW", "diff, replace or window"),
        (
            "typing.keyboard",
            "WAY",
            "how to type: auto, or one of those that `voicetype doctor` tries: x11, ibus, portal ...",
        ),
    ):
        if name.startswith(("typing.", "engine.")) and not typing:
            continue
        option = f"--{name.rpartition('.')[2]}"
        dest = name if "." in name else f".{name}"
        group.add_argument(option, dest=dest, metavar=metavar, type=values.setting(name), help=purpose)
    return group
