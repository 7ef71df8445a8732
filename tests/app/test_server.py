"""The really running server: who is let in, what goes on after a restart, how it ends."""

from __future__ import annotations

import ast
import asyncio
import http.client
import importlib
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import free_port, running_server, start_server, stop_server, wait_until_healthy

from ewardrobe.app import exchange, page
from ewardrobe.app.add import queue
from ewardrobe.app.server import lifespan
from ewardrobe.app.server.middleware import VARIABLE, Doorkeeper, allowed_hosts, host_of
from ewardrobe.core.images import png_bytes
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import FAILED, QUEUED, READY, ImportQueue
from ewardrobe.garments.worker import Importer
from ewardrobe.models import LIVE_MODEL, cache
from ewardrobe.tryon.worker import InferenceWorker, Job

PHOTO = Photo("grey.png", png_bytes(np.full((64, 48, 3), 200, np.uint8)))
PROXY = "wardrobe.example.org"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


@pytest.fixture(scope="module")
def left_queue(tmp_path_factory) -> ImportQueue:
    """The queue of a server that ended before it came to its photo."""
    queue = ImportQueue(tmp_path_factory.mktemp("server") / "home")
    queue.add([PHOTO], LIVE_MODEL)
    assert [entry.state for entry in queue.entries()] == [QUEUED]
    return queue


@pytest.fixture(scope="module")
def server(left_queue):
    """Address of the app, which is open to ``PROXY`` too and begins with ``left_queue``."""
    home = left_queue.folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, f"{PROXY}, 192.0.2.7")
        with running_server(home, home.with_name("server.log")) as url:
            yield url


def ask(server: str, path: str, host: str | None = None, origin: str | None = None, **headers: str) -> tuple[int, str]:
    """Return status and text of an answer; the connection ends there."""
    address = urlsplit(server)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host or address.netloc)
        for name, value in (headers | ({"Origin": origin} if origin else {})).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, "" if answer.status == 101 else answer.read().decode()
    finally:
        connection.close()


def connect(server: str, host: str | None = None, origin: str | None = None) -> int:
    """Return the status of a websocket's handshake."""
    return ask(server, "/_stcore/stream", host, origin, **UPGRADE)[0]


def test_the_import_goes_on_after_a_restart_without_a_page(left_queue, server):
    """First of all that asks this server: nobody has opened a page of it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and left_queue.entries()[0].state not in (READY, FAILED):
        time.sleep(0.2)
    assert left_queue.entries()[0].state == READY, left_queue.entries()[0].reason


LET_IN = ["localhost", "LOCALHOST:1", "127.0.0.1:9999", "[::1]:8501", PROXY, f"{PROXY}:443", "192.0.2.7:8501"]
REFUSED = ["evil.example", "localhost.evil.example", "192.168.1.5:8501", "me@localhost", "localhost:port", "[::2]"]


@pytest.mark.parametrize("host", LET_IN)
def test_this_machine_and_the_chosen_names_are_let_in(server, host):
    assert ask(server, "/", host)[0] == 200
    assert connect(server, host) == 101
    assert connect(server, host, f"https://{host}") == 101


@pytest.mark.parametrize("host", REFUSED)
def test_another_name_gets_no_page_no_file_and_no_websocket(server, host):
    for path in ("/", "/wardrobe", "/_stcore/health", "/media/picture.png", "/static/index.js"):
        status, said = ask(server, path, host)
        assert status == 403 and said.startswith("eWardrobe"), path
    assert connect(server, host) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example:8501", "null", "file://"])
def test_a_page_of_another_site_is_refused(server, origin):
    assert ask(server, "/_stcore/health", origin=origin)[0] == 403
    assert connect(server, origin=origin) == 403


def test_who_is_refused_reads_what_to_do(server):
    said = ask(server, "/", "192.168.1.5:8501")[1]
    assert f"{VARIABLE}=192.168.1.5)" not in said and f"{VARIABLE}=192.168.1.5 " in said


def test_a_proxy_may_ask_under_another_name_than_the_browser(server):
    """Streamlit by itself would refuse it, after asking on the internet for this machine's address."""
    assert connect(server, "localhost:8501", f"https://{PROXY}") == 101


def test_programs_cannot_press_buttons(server):
    status, said = ask(server, "/_stcore/agent/state")
    assert status in (404, 405) or "does not serve the agent API" in said
    address = urlsplit(server)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request("POST", "/_stcore/agent/interact", "{}", {"Content-Type": "application/json"})
    assert "does not serve the agent API" in connection.getresponse().read().decode()
    connection.close()


# The setting


def test_names_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, " Wardrobe.Example.org., 192.168.1.20,,fe80::1 ")
    assert allowed_hosts() == [PROXY, "192.168.1.20", "fe80::1"]
    monkeypatch.delenv(VARIABLE)
    assert allowed_hosts() == []


@pytest.mark.parametrize("value", ["https://a.example", "a.example:443", "*", "*.example", "a b/c", "me@a.example"])
def test_what_is_no_name_is_refused_with_what_is_expected(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(ValueError, match="Expected is a list such as"):
        allowed_hosts()


def test_a_wrong_setting_ends_the_start_in_one_line(monkeypatch, repository):
    monkeypatch.setenv(VARIABLE, "https://a.example")
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command.append(f"--server.port={free_port()}")
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode and "no name or address" in ended.stderr and "Traceback" not in ended.stderr


def test_a_request_without_a_name_or_with_two_is_refused():
    async def let_in(scope, receive, send):
        raise AssertionError("let in")

    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    for hosts in ([], [(b"host", b"localhost"), (b"host", b"evil.example")]):
        sent.clear()
        scope = {"type": "http", "method": "GET", "headers": hosts}
        asyncio.run(Doorkeeper(let_in)(scope, None, send))
        assert sent[0]["status"] == 403


def test_who_is_refused_again_and_again_does_not_fill_the_log(caplog):
    keeper = Doorkeeper(None)
    for number in range(100):
        keeper._tell(f"{number % 50} is refused")
    assert len(caplog.records) == 20


@pytest.mark.parametrize("address", ["", ":8501", "a/b", "a?b", "a#b", "[::1", "a:b:c"])
def test_what_names_no_host(address):
    assert host_of(address) is None


# What begins and ends with the server


def test_the_server_takes_as_much_as_every_box_offers(repository):
    """Streamlit refuses an upload above its own setting, whatever limit a box shows."""
    config = tomllib.loads((repository / ".streamlit" / "config.toml").read_text())
    boxes = [line for path in (repository / "ewardrobe" / "app").rglob("*.py") for line in uploaders(path)]
    assert len(boxes) >= 5 and all("max_upload_size" in line for line in boxes)
    assert config["server"]["maxUploadSize"] >= max(exchange.BROWSER_MB, queue.UPLOAD_MB, page.PHOTO_MB)


def uploaders(path) -> list[str]:
    """Return the calls of ``st.file_uploader`` in a module, each as its source."""
    source = path.read_text()
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [ast.unparse(call) for call in calls if ast.unparse(call.func).endswith(".file_uploader")]


def test_ctrl_c_says_what_is_kept(tmp_path):
    log, port = tmp_path / "server.log", free_port()
    server = start_server(port, tmp_path / "home", log, "app.py")
    try:
        wait_until_healthy(server, port, log)
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    finally:
        stop_server(server)
    assert lifespan.STOPPED in log.read_text()
    assert "Aborted" not in log.read_text()


def test_a_queue_that_cannot_be_read_does_not_keep_the_server_from_starting(wardrobe_home, caplog, monkeypatch):
    def broken(self):
        raise OSError("the disk is gone")

    ImportQueue(wardrobe_home).add([PHOTO], LIVE_MODEL)
    monkeypatch.setattr(Importer, "wake", broken)
    lifespan.go_on_with_import()
    assert "the disk is gone" in caplog.text


@pytest.mark.parametrize("step", ["get_first_page_ready", "load_models", "go_on_with_import"])
def test_a_start_that_goes_wrong_keeps_neither_the_rest_from_beginning_nor_all_from_ending(monkeypatch, caplog, step):
    called = []
    for name in ("get_first_page_ready", "load_models", "go_on_with_import", "end_all"):
        monkeypatch.setattr(lifespan, name, lambda name=name: called.append(name))

    def broken():
        raise RuntimeError("the plugin is of another version")

    broken.__name__ = step
    monkeypatch.setattr(lifespan, step, broken)

    async def serve():
        async with lifespan.lifespan(None):
            pass

    asyncio.run(serve())
    assert len(called) == 3 and step not in called and called[-1] == "end_all"
    assert "the plugin is of another version" in caplog.text and step.replace("_", " ") in caplog.text


def test_the_server_ends_after_a_model_that_is_being_loaded(wardrobe_home):
    """Ctrl-C during the first load: a thread inside a model while the interpreter goes down aborts the process."""
    begun, done = threading.Event(), threading.Event()

    def load(job):
        begun.set()
        time.sleep(2)
        done.set()

    async def serve():
        async with lifespan.lifespan(None):
            worker = InferenceWorker(load)
            worker.submit(Job(np.zeros((4, 4, 3), np.uint8), 0, 0.0))
            await asyncio.to_thread(begun.wait, 10)
            return worker

    worker = asyncio.run(serve())
    assert done.is_set() and worker.stop(0)


def test_what_is_ended_is_where_it_is_looked_for(monkeypatch):
    for name in lifespan.ENDS:
        importlib.import_module(name)
    monkeypatch.setattr("ewardrobe.models.cache.load_segmenter", lambda name: object())
    cache.segmenter("any")
    lifespan.end_all()
    assert not cache.is_loaded("any")


def test_nothing_waits_for_the_interpreter_to_end(repository):
    """What is ended in ``atexit`` ends after the event loop, and in an order that nobody chose."""
    texts = {path: path.read_text(encoding="utf-8") for path in (repository / "ewardrobe").rglob("*.py")}
    assert not [path for path, text in texts.items() if re.search(r"\batexit\.register\b|import atexit", text)]
