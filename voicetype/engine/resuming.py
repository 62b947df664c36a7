"""A large file over HTTP, which goes on where it broke off; the hub's own client begins it anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_BLOCK = 1 << 20
_SILENT_S = 20.0  # without a byte for so long, it has broken off
_TRIES = 4


def download(url: str, target: Path, token: str | None, mark: str, check: Callable[[], None]) -> None:
    """Fetch a file, or what is missing of one that broke off, in this run or an earlier one.

    `token`: the user's, for what is not public. `mark` names what is fetched: a part of anything else is left
    alone. `check` is called now and then, and ends it by what it raises. Raises OSError where it breaks off.
    """
    part = target.with_name(f"{target.name}.{mark}.part")
    for attempt in range(1, _TRIES + 1):
        before = _size(part)
        try:
            _go_on(url, part, token, check)
            break
        except (ConnectionError, TimeoutError):
            if attempt == _TRIES or _size(part) == before:  # nothing came: it is not worth another try
                raise
    os.replace(part, target)


def _go_on(url: str, part: Path, token: str | None, check: Callable[[], None]) -> None:
    """Raises ConnectionError, TimeoutError where the answer broke off, OSError for what is refused."""
    begun = _size(part)
    request = Request(url, headers={"User-Agent": "voicetype"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    if token:  # which is not for the place where the file really lies
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=_SILENT_S) as answer:
            begun = begun if answer.status == HTTPStatus.PARTIAL_CONTENT else 0
            whole = begun + int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if begun else "wb") as file:
                while block := answer.read1(_BLOCK):
                    file.write(block)
                    check()
    except HTTPError as error:
        _refused(error, part)
    except HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    else:
        if _size(part) < whole:
            raise ConnectionError("the connection was closed too early")


def _refused(error: HTTPError, part: Path) -> None:
    """Nothing lies behind what is there: it is whole, or it is no part of this file."""
    with error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise error
        if error.headers.get("Content-Range") != f"bytes */{_size(part)}":
            part.unlink()
            raise ConnectionError("the file on the server is shorter than what is here of it")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
