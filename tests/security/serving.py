"""A running server with something to hide, and ways to it: a websocket as programs speak it, and a real nginx."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from geodata.records.database import open_engine, upgrade
from geodata.records.persons import PersonDraft, add_person
from geodata.records.roles import SYSTEM
from geodata.records.server_token import read_token, sign_in_address

from ..waits import PATIENCE_S, PROCESS_S, wait_until

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = PATIENCE_S
SECRET_NAME = "Zulmira Quintela"  # noqa: S105 - a person's name
RETENTION = dt.date.today() + dt.timedelta(days=300)
LOCAL = "On this computer, role: Admin"
READING = "Reading only"
WATCH_NETWORK = """
import os, socket
_connect, _ask = socket.socket.connect, socket.getaddrinfo
def _note(what):
    with open(os.environ["WATCHED_NETWORK"], "a") as file:
        file.write(f"{what}\\n")
def connect(self, address):
    if self.family != socket.AF_UNIX and str(address[0]) not in ("127.0.0.1", "::1"):
        _note(address)
    return _connect(self, address)
def getaddrinfo(host, *more, **named):
    if host not in ("127.0.0.1", "::1", "localhost", None):
        _note(host)
    return _ask(host, *more, **named)
socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""


@dataclass
class Served:
    """A running server.

    Attributes:
        address: Where it listens.
        records: The file of its records.
        output: All that it wrote to its output and its errors.
        network: What it asked of other machines, a line each.
        process: The process.
    """

    address: str
    records: Path
    output: Path
    network: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.address.rpartition(":")[2])

    @property
    def token_file(self) -> Path:
        """The file of its token."""
        return Path(f"{self.records}.token")

    @property
    def sign_in(self) -> str:
        """The address that signs in, as `mosaicos url` prints it."""
        token = read_token(self.token_file)
        assert token is not None
        return sign_in_address(self.address, token)

    def cookie(self, through: str = "") -> str:
        """The value of the header `Cookie` of somebody who opened the address that signs in.

        Args:
            through: Another address of the same server.
        """
        query = self.sign_in.partition("?")[2]
        found = httpx.get(f"{through or self.address}/?{query}", timeout=LIMIT_S)
        assert found.status_code == 303, found.text
        return found.headers["set-cookie"].partition(";")[0]


@contextlib.contextmanager
def serve(
    folder: Path, *, arguments: Sequence[str] = (), records: Path | None = None, **settings: str
) -> Iterator[Served]:
    """Run a server of its own.

    Args:
        folder: Where it keeps its files.
        arguments: More arguments of `dashboard.server`.
        records: The file of its records; one without any where not given.
        settings: More environment variables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(WATCH_NETWORK, encoding="utf-8")
    database = records or folder / "records.sqlite"
    output, network = folder / "output.log", folder / "network.log"
    network.touch()
    env = {
        **os.environ,
        "MOSAICOS_DATABASE_URL": f"sqlite:///{database}",
        "MOSAICOS_DEMONSTRATION": "",
        "MOSAICOS_TRUSTED_PROXIES": "",
        "XDG_DATA_HOME": str(folder / "data"),
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "WATCHED_NETWORK": str(network),
        **settings,
    }
    with output.open("wb") as log:
        command = [sys.executable, "-m", "dashboard.server", "--port", "0", *arguments]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=ROOT)
    try:
        wait_until(lambda: "(Ctrl+C stops it)" in output.read_text() or process.poll() is not None, limit_s=PROCESS_S)
        said = output.read_text()
        assert process.poll() is None, said
        address = next(word for word in said.split() if word.startswith("http://"))
        wait_until(lambda: _is_up(address), limit_s=PROCESS_S)
        yield Served(address, database, output, network, process)
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_S)


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_stcore/health", timeout=LIMIT_S).status_code == 200
    except httpx.TransportError:
        return False


def fill_with_a_secret(path: Path) -> None:
    """Records in which only people who are signed in may see a name."""
    engine = open_engine(f"sqlite:///{path}", create=True)
    upgrade(engine)
    add_person(
        engine, SYSTEM, PersonDraft(person_name=SECRET_NAME, contact="secret@example.org", retention_until=RETENTION)
    )
    engine.dispose()


@dataclass
class Session:
    """What the first run of a page brought over a websocket.

    Attributes:
        text: All messages, as one text.
        status: 101, or the HTTP status of the refusal.
    """

    text: str = ""
    status: int = 101

    @property
    def is_local(self) -> bool:
        """Whether the page took its reader for the local administrator."""
        return LOCAL in self.text

    @property
    def is_visitor(self) -> bool:
        """Whether the page took its reader for a visitor."""
        return READING in self.text and not self.is_local


def run_page(
    connection: ClientConnection, *, page: str = "", query: str = "lang=en", part: str = "", is_embedded: bool = False
) -> list[ForwardMsg]:
    """Run a page of an open session, or a part of it by its id, and give all that came."""
    message = BackMsg()
    rerun = message.rerun_script
    rerun.query_string = query
    rerun.page_name = page
    rerun.fragment_id = part
    rerun.widget_states.SetInParent()
    rerun.context_info.timezone = "UTC"
    rerun.context_info.locale = "en-US"
    rerun.context_info.is_embedded = is_embedded
    connection.send(message.SerializeToString())
    came: list[ForwardMsg] = []
    while True:
        came.append(ForwardMsg.FromString(bytes(connection.recv(timeout=LIMIT_S, decode=False))))
        if came[-1].WhichOneof("type") == "script_finished" and (
            came[-1].script_finished != ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        ):
            return came


def open_session(
    address: str,
    *,
    page: str = "",
    query: str = "lang=en",
    origin: str | None = None,
    host: str | None = None,
    headers: dict[str, str] | None = None,
    is_embedded: bool = False,
    subprotocols: Sequence[str] = ("streamlit",),
) -> Session:
    """Open a page over a websocket, as a program does that chooses its own headers.

    Args:
        address: Of the server, or of a proxy before it.
        page: Path of the page; empty for the map.
        query: The address after the question mark.
        origin: The header `Origin`; null for none.
        host: The header `Host`; null for the usual one.
        headers: More headers.
        is_embedded: What the program says about the form of its page.
        subprotocols: Streamlit's, and behind it the token against requests from other sites.
    """
    target = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    more = dict(headers or {})
    sock = None
    if host is not None:
        where = address.rpartition("//")[2]
        sock = socket.create_connection((where.rpartition(":")[0], int(where.rpartition(":")[2])))
        target = f"ws://{host}/_stcore/stream"
    try:
        with connect(
            target,
            origin=origin,
            additional_headers=more,
            subprotocols=list(subprotocols),
            max_size=None,
            proxy=None,
            open_timeout=LIMIT_S,
            sock=sock,
        ) as connection:
            came = run_page(connection, page=page, query=query, is_embedded=is_embedded)
            return Session("\n".join(map(str, came)))
    except InvalidStatus as refused:
        return Session(status=refused.response.status_code)


@dataclass
class Nginx:
    """A running nginx. Each of its servers leads to the dashboard in another way."""

    ports: dict[str, int] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Where one of its servers listens."""
        return f"http://127.0.0.1:{self.ports[name]}"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def run_nginx(path: str, folder: Path, upstream: int, servers: dict[str, str]) -> Iterator[Nginx]:
    """Run nginx before a server.

    Args:
        path: Of nginx.
        folder: For its files.
        upstream: The server's port.
        servers: By name, the lines of `location /` beside those that hand on a websocket.
    """
    made = Nginx({name: free_port() for name in servers})
    blocks = "".join(
        f"""
  server {{
    listen 127.0.0.1:{made.ports[name]};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      {lines}
    }}
  }}"""
        for name, lines in servers.items()
    )
    temporary = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nworker_processes 1;\n"
        "events { worker_connections 128; }\nhttp {\n  access_log off;\n"
        f"{temporary}  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n{blocks}\n}}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([path, "-c", str(file), "-p", str(folder)], stderr=subprocess.PIPE)
    try:
        for name in servers:
            wait_until(lambda name=name: _listens(made.ports[name]) or process.poll() is not None)
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        yield made
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_S)
        if process.stderr:
            process.stderr.close()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S):
        return True
    return False


def header_bytes(answer: httpx.Response) -> int:
    """Size of an answer's head on the wire."""
    return sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
