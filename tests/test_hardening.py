"""No core dump: the limit that says so, and a process that crashes."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

CRASH = """
import os, signal, subprocess, sys
{forbid}
for line in open("/proc/self/limits"):
    if line.startswith("Max core file size"):
        print(line.split()[4])
sys.stdout.flush()
child = [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"]
assert subprocess.run(child, cwd="child").returncode == -11
os.kill(os.getpid(), signal.SIGSEGV)
"""
FORBID = "from voicetype.hardening import forbid_core_dumps as forbid; forbid(); forbid()"


def crashed(folder: Path, forbid: str) -> tuple[str, list[Path]]:
    """The limit of a process that crashed behind its child, and what they left."""
    (folder / "child").mkdir(parents=True)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(forbid=forbid)],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGSEGV, done.stderr
    return done.stdout.strip(), [path for path in folder.rglob("*") if path.is_file()]


def test_neither_it_nor_its_child_leaves_a_core(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core dumps are forbidden here already, for good")
    # One byte: no file, and no collector of crashes that is sent the memory instead.
    assert crashed(tmp_path / "with", FORBID) == ("1", [])
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    limit, left = crashed(tmp_path / "without", "")
    if pattern[0] in "|/@":
        pytest.skip(f"only the limit was looked at: cores go elsewhere here ({pattern.strip()})")
    assert limit != "1"
    assert len(left) == 2, "without it, there would be cores"


def test_a_library_that_reports_to_its_makers_is_kept_from_it(tmp_path: Path) -> None:
    code = "{}; import onnxruntime, faster_whisper.vad; faster_whisper.vad.get_vad_model()"

    def left(first: str) -> list[Path]:
        cache = tmp_path / first.split()[-1]
        subprocess.run(
            [sys.executable, "-c", code.format(first)],
            env={
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "XDG_CACHE_HOME": str(cache),
                "HOME": str(cache),
            },
            check=True,
            timeout=60,
        )
        return [path for path in cache.rglob("*") if path.is_file()]

    assert left("import voicetype") == []
    assert left("import sys") or version("onnxruntime") < "1.30", "it would leave a number of the device"
