"""A large file over HTTP that goes on where it broke off; the hub's own ways are in test_models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from voicetype.engine import resuming

DATA = bytes(range(256)) * 64


class Server:
    """`/file` is elsewhere, under another name for the same host; `seen`: each path with its headers."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, str]] = {}
        self.length = True
        self.url = ""


@pytest.fixture
def server() -> Iterator[Server]:
    here = Server()

    class Answer(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

        def do_GET(self) -> None:
            here.seen[self.path] = dict(self.headers)
            if self.path == "/file":
                self.send_response(302)
                self.send_header("Location", f"{here.url.replace('127.0.0.1', 'localhost')}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if self.path == "/gone":
                self.send_error(404)
                return
            self.send_response(200)  # also where a range was asked for: this server knows none
            if here.length:
                self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA)

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as http:
        here.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield here
        http.shutdown()
        thread.join()


def test_a_token_stays_where_it_belongs(server: Server, tmp_path: Path) -> None:
    """The file lies on another host, which is asked for the same range and not told the token."""
    (tmp_path / "file.1.part").write_bytes(b"old")
    resuming.download(f"{server.url}/file", tmp_path / "file", "secret", "1", lambda: None)
    assert server.seen["/file"]["Authorization"] == "Bearer secret"
    assert "Authorization" not in server.seen["/elsewhere"]
    assert server.seen["/elsewhere"]["Range"] == "bytes=3-"


def test_a_server_without_ranges_sends_it_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.1.part").write_bytes(DATA[:100])
    resuming.download(f"{server.url}/elsewhere", tmp_path / "file", None, "1", lambda: None)
    assert (tmp_path / "file").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_server_that_does_not_tell_the_length(server: Server, tmp_path: Path) -> None:
    server.length = False
    resuming.download(f"{server.url}/elsewhere", tmp_path / "file", None, "1", lambda: None)
    assert (tmp_path / "file").read_bytes() == DATA


def test_a_part_of_something_else_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.1.part").write_bytes(b"old")
    resuming.download(f"{server.url}/elsewhere", tmp_path / "file", None, "2", lambda: None)
    assert "Range" not in server.seen["/elsewhere"]
    assert (tmp_path / "file").read_bytes() == DATA
    assert (tmp_path / "file.1.part").read_bytes() == b"old"


@pytest.mark.parametrize("path", ["/gone", "refused"])
def test_what_can_not_be_had_is_an_error(server: Server, tmp_path: Path, path: str) -> None:
    url = f"{server.url}{path}" if path == "/gone" else "http://127.0.0.1:1/file"
    with pytest.raises(OSError, match=r"404|refused"):
        resuming.download(url, tmp_path / "file", None, "1", lambda: None)
    assert not list(tmp_path.iterdir())
