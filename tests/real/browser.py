"""Chromium with a profile of its own: pages with one field each, which tell a server of ours their text."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.real.xserver import App, Desktop, wait_until

TEXTAREA, INPUT, EDITABLE = (
    "<textarea autofocus></textarea>",
    "<input autofocus>",
    "<div contenteditable autofocus></div>",
)

_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>{field}
<style>:not(style, script, title, head, meta) {{ width: 100%; height: 100% }}</style>
<script>
const field = document.querySelector("[autofocus]");
field.spellcheck = false; field.autocomplete = "off";
const text = () => field.value ?? field.innerText;
let reports = 0;
const report = () => fetch("/{name}", {{method: "POST", body: `${{++reports}}\\n` + text()}});
{script}
field.addEventListener("input", report);
field.focus();
const begin = () => document.hasFocus() ? report() : setTimeout(begin, 10);
begin();
</script>
"""
# Root has no sandbox; "test type" hides the bar that says so.
_OPTIONS = (
    "--no-sandbox",
    "--test-type",
    "--no-first-run",
    "--password-store=basic",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=600,300",
)


class Pages:
    """What the server knows; its threads use it under the lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pages: dict[str, str] = {}
        self._reports: dict[str, int] = {}

    def add(self, name: str, title: str, field: str, script: str) -> Path:
        with self._lock:
            self._pages[name] = _PAGE.format(name=name, title=title, field=field, script=script)
        return self._folder / name

    def page(self, name: str) -> str | None:
        with self._lock:
            return self._pages.get(name)

    def take(self, name: str, report: str) -> None:
        """A page's text; reports may overtake each other on their way."""
        number, _, text = report.partition("\n")
        with self._lock:
            if int(number) > self._reports.get(name, 0):
                self._reports[name] = int(number)
                new = self._folder / f"{name}.new"
                new.write_text(text, "utf-8", newline="")
                new.replace(self._folder / name)


class Page(App):
    """A window of the browser."""

    def end(self) -> None:
        """It stays open: the browser ends with all its pages."""


class Browser:
    """A running server, and the Chromium that shows its pages once one is opened."""

    input_method = "gtk-im-context-simple"

    def __init__(self, desktop: Desktop, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._desktop, self._folder = desktop, folder
        self._options = (*_OPTIONS, *options)
        self._pages = Pages(folder)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answers(self._pages))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self._processes: list[subprocess.Popen[bytes]] = []

    def open(self, field: str, script: str = "") -> App:
        """A window with a field that has the focus."""
        name = f"page-{len(self._desktop.apps)}"
        title = f"Chromium {name}"
        file = self._pages.add(name, title, field, script)
        process = self._run(f"http://127.0.0.1:{self._server.server_address[1]}/{name}")
        self._processes.append(process)  # the later ones only tell the first, and end
        app = App(self._processes[0], file, title)
        self._desktop.apps.append(app)
        self._desktop.hand_focus(title)
        wait_until(file.exists, f"{title} has the focus")
        return app

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _run(self, address: str) -> subprocess.Popen[bytes]:
        """The first process is the browser; later ones tell it the address and end."""
        environment = {**os.environ, "DISPLAY": self._desktop.name, "GTK_IM_MODULE": self.input_method}
        environment |= {"HOME": str(self._folder), "LC_ALL": "C.UTF-8"}
        environment.setdefault("NO_AT_BRIDGE", "1")
        profile = f"--user-data-dir={self._folder / 'profile'}"
        null = subprocess.DEVNULL
        command = ["chromium", *self._options, profile, f"--app={address}"]
        return subprocess.Popen(command, env=environment, stdout=null, stderr=null)


def _answers(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = pages.page(self.path.strip("/"))
            self._answer(404 if page is None else 200, (page or "").encode())

        def do_POST(self) -> None:
            report = self.rfile.read(int(self.headers["Content-Length"])).decode()
            pages.take(self.path.strip("/"), report)
            self._answer(200, b"")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Answers


@contextmanager
def running_browser(desktop: Desktop, folder: Path, *options: str) -> Iterator[Browser]:
    """`options`: more of them, for Chromium. Skips where there is none."""
    if not shutil.which("chromium"):
        pytest.skip("not installed: chromium")
    browser = Browser(desktop, folder, options)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def browser(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for the tests of a module, started with its first page."""
    with running_browser(desktop, tmp_path_factory.mktemp("browser")) as browser:
        yield browser
