"""Put into the folder of a Debian package what voicetype itself knows best: its files for the desktop, its
manual page, and the licences of what is carried along.

Usage: lay_out.py FOLDER LIBRARY; beneath FOLDER, LIBRARY (/usr/lib/voicetype) holds the Python packages.
"""

from __future__ import annotations

import gzip
import os
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

COMMAND = Path("/usr/bin/voicetype")

CARRIED = """\
The Python packages in {library} that are not voicetype's own, and their licences:
"""
COMPILED = """\
Compiled libraries of others that are parts of these packages are listed below; they have licences of their
own, which bind whoever passes this package on. Two are worth knowing: the FFmpeg inside av has codecs (x264,
x265) under the GNU General Public License, version 2 or later (/usr/share/common-licenses/GPL-2); and on
Intel's and AMD's processors ctranslate2 has Intel's Math Kernel Library in it, under the Intel Simplified
Software License.
"""


def desktop(folder: Path) -> None:
    """The files of `voicetype.integration`.

    Nothing starts by itself: the first start fetches models, which each user has to want.
    """
    from voicetype.integration import Layout, files

    layout = Layout.system(folder)
    for path, text in files(COMMAND, layout).items():
        if path.parent != layout.autostart:
            _written(path, text.encode())


def manual(folder: Path) -> None:
    """A manual page, of the help that the command line gives."""
    from voicetype.arguments import parser

    os.environ["COLUMNS"] = "78"  # where argparse wraps
    top = parser()
    page = ['.TH VOICETYPE 1 "" "" "User Commands"', ".SH NAME"]
    page += [f"voicetype \\- {_roff(top.description or '')}", *_section("USAGE", top)]
    for name, command in _commands(top):
        page += _section(f"voicetype {name}", command)
    text = "\n".join([*page, ""]).encode()
    _written(folder / "usr/share/man/man1/voicetype.1.gz", gzip.compress(text, mtime=0))


def licences(folder: Path, library: Path) -> None:
    """`copyright`: what voicetype's own licence is, and that of each package that is carried."""
    carried = folder / library.relative_to("/")
    packages = sorted(carried.glob("*.dist-info"), key=lambda info: info.name.lower())
    own = [info for info in packages if info.name.startswith("voicetype-")]
    text = [(info / "licenses/LICENSE").read_text("utf-8") for info in own]
    text += [CARRIED.format(library=library)]
    text += [_licence(info, folder) for info in packages if info not in own]
    text += [COMPILED, *sorted(f"  {library.name}" for library in carried.glob("*.libs/*")), ""]
    _written(folder / "usr/share/doc/voicetype/copyright", "\n".join(text).encode())


def _commands(of: ArgumentParser) -> Iterator[tuple[str, ArgumentParser]]:
    for action in of._actions:
        if isinstance(action, _SubParsersAction):
            yield from action.choices.items()


def _section(title: str, command: ArgumentParser) -> list[str]:
    return [f".SH {title}", ".nf", *map(_roff, command.format_help().splitlines()), ".fi"]


def _roff(line: str) -> str:
    escaped = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _licence(info: Path, folder: Path) -> str:
    """A package's name, what it says its licence is, and where the words of it stand."""
    told = Distribution.at(info).metadata
    stated = told["License-Expression"] or (told["License"] or "").partition("\n")[0]
    classifiers = [value for value in told.get_all("Classifier", []) if value.startswith("License ::")]
    classified = ", ".join(value.rpartition(" :: ")[2] for value in classifiers)
    lines = [f"{told['Name']} {told['Version']}: {stated or classified or 'see its home page'}"]
    links = dict(link.split(", ", 1) for link in sorted(told.get_all("Project-URL", []), key=_is_home))
    lines += [f"  {home}" for home in (told["Home-page"], *reversed(links.values())) if home][:1]
    texts = [*info.glob("*LICEN*"), *info.glob("licenses/**/*")]
    lines += [f"  /{path.relative_to(folder)}" for path in sorted(texts) if path.is_file()]
    return "\n".join([*lines, ""])


def _is_home(link: str) -> bool:
    return link.lower().startswith(("home", "source", "repo", "github"))


def _written(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    folder, library = map(Path, sys.argv[1:])
    sys.path.insert(0, str(folder / library.relative_to("/")))
    desktop(folder)
    manual(folder)
    licences(folder, library)
