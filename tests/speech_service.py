"""A service on loopback that speaks OpenAI's `/v1/audio/transcriptions` as it is told, failures included."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.deadline import wait_until


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its headers, the fields of its form, and the file in it."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, str]
    file: bytes
    connection: int


class Service(ThreadingHTTPServer):
    """Answers with what `reply` does. `asked`: so far, in order; `hung_up`: callers that went too soon."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Caller)
        self._tls = tls
        self.reply: Callable[[_Caller], None] = saying(text="hello world")
        self.asked: list[Asked] = []
        self.connections = self.hung_up = 0
        self.ending = threading.Event()
        self._open: set[socket.socket] = set()

    @property
    def address(self) -> str:
        """As the configuration has it."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.server_port}/v1"

    def get_request(self) -> tuple[socket.socket, object]:
        """A new connection."""
        caller, address = super().get_request()
        self.connections += 1
        self._open.add(caller)
        return caller, address

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """On the connection's own thread."""
        try:
            if self._tls is None:
                super().finish_request(request, client_address)
                return
            with self._tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            self.hung_up += 1
        finally:
            self._open.discard(request)

    def hang_up(self) -> None:
        """Close every connection that callers keep."""
        for each in [*self._open]:
            each.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: not self._open, "the connections are closed")

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()
        for each in [*self._open]:
            each.close()


@contextmanager
def serving(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """A service, until the block ends."""
    with Service(port, tls) as service:
        threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        yield service


class _Caller(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms between its head and its body

    def setup(self) -> None:
        super().setup()
        self.number = self.server.connections

    def do_POST(self) -> None:
        """A question."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields, file = _form(self.headers["Content-Type"], body)
        headers = {name.casefold(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.path, headers, fields, file, self.number))
        self.server.reply(self)

    def log_message(self, *_: object) -> None:
        """Nothing."""


Caller = _Caller


def saying(
    status: int = 200, headers: Mapping[str, str] | None = None, /, **told: Any
) -> Callable[[Caller], None]:
    """A reply with a JSON object."""
    return raw(json.dumps(told).encode(), status, headers)


def raw(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Callable[[Caller], None]:
    """A reply with any body."""

    def reply(caller: Caller) -> None:
        caller.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            caller.send_header(name, value)
        caller.end_headers()
        caller.wfile.write(body)

    return reply


def bytes_alone(said: bytes) -> Callable[[Caller], None]:
    """These bytes on the line, and the end of it."""

    def reply(caller: Caller) -> None:
        caller.wfile.write(said)
        caller.close_connection = True

    return reply


def hanging(caller: Caller) -> None:
    """No answer, until the caller has gone or the service ends."""
    caller.connection.settimeout(0.05)
    while not caller.server.ending.is_set():
        try:
            if not caller.connection.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    caller.server.hung_up += 1
    caller.close_connection = True


def dripping(caller: Caller) -> None:
    """An answer that never ends, a byte now and then."""
    caller.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not caller.server.ending.wait(0.05):
        caller.wfile.write(b" ")


def flooding(caller: Caller) -> None:
    """An answer that never ends, as fast as it is read."""
    caller.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not caller.server.ending.is_set():
        caller.wfile.write(b"ffff\r\n" + b" " * 0xFFFF + b"\r\n")


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that signs itself, for a host of this name, and the service's side of it."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subject = f"-subj /CN={name} -addext subjectAltName=DNS:{name}"
    kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        ["openssl", "req", *kind.split(), *subject.split(), "-keyout", key, "-out", made],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


def _form(content_type: str, body: bytes) -> tuple[dict[str, str], bytes]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields, file = {}, b""
    for part in message.get_payload():
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))  # type: ignore[union-attr]
        if name == "file":
            file = content
        else:
            fields[name] = content.decode()
    return fields, file
