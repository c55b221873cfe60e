"""`clova download` against a server that cuts, corrupts, stalls and ignores ranges."""

import contextlib
import dataclasses
import errno
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clova_jax import cli
from clova_jax.common.errors import ClovaError
from clova_jax.labelled.downloads import ATTEMPTS, DATA_SETS, DataSet, blob_hash, download

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = os.urandom(300_000)


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


SETS = {
    "toy": DataSet(
        "who/toy", COMMIT, "CC0 1.0", {"toy/data.txt": ("dir/data.txt", git_hash(CONTENT))}
    )
}


class Server(ThreadingHTTPServer):
    """Serves CONTENT; `plan` tells what to do to each request in turn, the last one for all further."""

    daemon_threads = True

    def __init__(self, *plan: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan, self.requests = plan, []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        server: Server = self.server  # type: ignore[assignment]
        requested = self.headers.get("Range")
        server.requests.append((self.path, requested))
        action = server.plan[min(len(server.requests), len(server.plan)) - 1]
        if action in ODD or action.startswith("length "):
            self._odd(action)
            return
        if action.isdigit():
            self.send_response(int(action))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = CONTENT if action != "corrupt" else CONTENT[:1000] + b"X" + CONTENT[1001:]
        start = int(requested.split("=")[1].rstrip("-")) if requested else 0
        if action == "norange":
            start = 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        part = content[start:]
        if action == "cut":
            part = part[: len(part) // 2]
        if action == "stall":
            part = part[: len(part) // 2]
        if action == "nothing":
            part = b""
        self.wfile.write(part)
        self.wfile.flush()
        if action == "stall":
            time.sleep(3)
        self.close_connection = True

    def _odd(self, action: str) -> None:
        self.close_connection = True
        if action == "drop":
            return
        if action == "escape":
            self.send_response(404, "\x1b[31mred\x1b]0;title\x07")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if self.headers.get("Range") else 200)
        if (start := self.headers.get("Range")) and action == "drip":
            self.send_header("Content-Range", f"bytes {start[6:-1]}-99/100")
        if action == "drip":
            self.send_header("Content-Length", "100")
        if action.startswith("length "):
            self.send_header("Content-Length", action.removeprefix("length "))
        self.end_headers()
        if action == "endless":
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(CONTENT)
        elif action == "drip":
            self.wfile.write(b"x")
        else:
            self.wfile.write(CONTENT)


LENGTHS = ["length " + length for length in ("²", "-1", "9" * 5_000, "x", "", "1e3", " 300000 ")]
ODD = ("drop", "escape", "endless", "drip", *LENGTHS)


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(*plan: str) -> Server:
        servers.append(Server(*plan))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def get(server: Server, out, **options) -> bytes:
    paths = download(
        out, ["toy"], base_url=server.url, pause=0.01, data_sets=SETS, timeout=1.0, **options
    )
    assert [path.relative_to(out).as_posix() for path in paths] == ["toy/data.txt"]
    return paths[0].read_bytes()


def test_the_hash_is_gits(tmp_path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    env = {**os.environ, "GIT_DIR": str(tmp_path / "none")}
    told = subprocess.run(
        ["git", "hash-object", str(tmp_path / "file")], capture_output=True, text=True, env=env
    )
    assert told.returncode == 0, told.stderr
    assert blob_hash(tmp_path / "file") == told.stdout.strip()


def test_a_clean_transfer_from_the_pinned_address_with_its_licence(serve, tmp_path, capsys) -> None:
    server = serve("ok")
    assert get(server, tmp_path) == CONTENT
    assert server.requests == [(f"/who/toy/{COMMIT}/dir/data.txt", None)]
    assert "licence CC0 1.0" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "toy").iterdir()] == ["data.txt"]


def test_what_is_there_and_right_is_not_fetched_again(serve, tmp_path, capsys) -> None:
    server = serve("ok")
    get(server, tmp_path)
    get(server, tmp_path)
    assert len(server.requests) == 1
    assert "there already" in capsys.readouterr().out


def test_what_is_there_and_wrong_is_fetched_again(serve, tmp_path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.txt").write_bytes(b"something else")
    assert get(serve("ok"), tmp_path) == CONTENT


def test_a_cut_transfer_goes_on_where_it_stopped(serve, tmp_path) -> None:
    server = serve("cut", "cut", "ok")
    assert get(server, tmp_path) == CONTENT
    assert [wanted for _, wanted in server.requests] == [None, "bytes=150000-", "bytes=225000-"]


def test_a_stalled_transfer_is_taken_up_again(serve, tmp_path) -> None:
    server = serve("stall", "ok")
    begin = time.monotonic()
    assert get(server, tmp_path) == CONTENT
    assert time.monotonic() - begin < 2.9, "waited for the server"
    assert server.requests[1][1] == "bytes=150000-"


def test_the_next_run_goes_on_where_the_last_was_cut(serve, tmp_path) -> None:
    with pytest.raises(ClovaError, match=r"150,000 bytes kept.*again"):
        get(serve("cut", "nothing"), tmp_path)
    server = serve("ok")
    assert get(server, tmp_path) == CONTENT
    assert server.requests[0][1] == "bytes=150000-"


def test_a_server_without_ranges_starts_over(serve, tmp_path) -> None:
    server = serve("cut", "norange")
    assert get(server, tmp_path) == CONTENT


def test_a_server_error_is_tried_again_and_a_wrong_address_is_not(serve, tmp_path) -> None:
    assert get(serve("503", "429", "ok"), tmp_path) == CONTENT
    server = serve("404")
    with pytest.raises(ClovaError, match="HTTP 404"):
        get(server, tmp_path / "other")
    assert len(server.requests) == 1


def test_no_answer_ends_after_so_many_attempts(serve, tmp_path) -> None:
    server = serve("503")
    with pytest.raises(ClovaError, match=f"{ATTEMPTS} attempts in a row brought less than 64 KiB"):
        get(server, tmp_path)
    assert len(server.requests) == ATTEMPTS


def test_corrupt_content_never_gets_the_name(serve, tmp_path) -> None:
    server = serve("corrupt")
    with pytest.raises(ClovaError, match=git_hash(CONTENT)):
        get(server, tmp_path)
    assert list((tmp_path / "toy").iterdir()) == []
    assert len(server.requests) == 2, "once more from the start, then an error"


def test_a_beginning_from_elsewhere_is_thrown_away(serve, tmp_path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.txt.part").write_bytes(b"another file's beginning")
    assert get(serve("ok"), tmp_path) == CONTENT
    (tmp_path / "toy" / "data.txt").unlink()
    (tmp_path / "toy" / "data.txt.part").write_bytes(CONTENT + b"and more")
    assert get(serve("ok"), tmp_path) == CONTENT


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_no_number_is_no_length(serve, tmp_path, length) -> None:
    assert get(serve(length), tmp_path) == CONTENT


def test_a_body_without_end_is_left_at_the_largest_size(serve, tmp_path) -> None:
    small = {"toy": dataclasses.replace(SETS["toy"], largest=1_000_000)}
    server = serve("endless")
    with pytest.raises(ClovaError, match="sends more than 1,000,000 bytes"):
        download(tmp_path, ["toy"], base_url=server.url, pause=0.01, data_sets=small, timeout=1.0)
    assert len(server.requests) == 1
    assert sum(path.stat().st_size for path in (tmp_path / "toy").iterdir()) <= 1_000_000
    server = serve("length 99999999")  # it says so before
    with pytest.raises(ClovaError, match="sends more than"):
        download(tmp_path, ["toy"], base_url=server.url, pause=0.01, data_sets=small, timeout=1.0)


@pytest.mark.parametrize("action", ["drop", "drip"])
def test_a_server_that_cuts_at_once_is_asked_a_few_times(serve, tmp_path, action) -> None:
    server = serve(action)
    with pytest.raises(ClovaError, match="attempts in a row"):
        get(server, tmp_path)
    assert len(server.requests) == ATTEMPTS


def test_there_is_a_pause_before_each_attempt(serve, tmp_path, monkeypatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    get(serve("cut", "503", "503", "ok"), tmp_path)
    assert pauses == [0.01, 0.02, 0.04]  # the first brought half of the file


@pytest.mark.parametrize("code", ["400", "401", "403", "404", "410", "501", "505"])
def test_an_answer_that_will_not_change_is_not_asked_for_again(serve, tmp_path, code) -> None:
    server = serve(code)
    with pytest.raises(ClovaError, match=f"HTTP {code}"):
        get(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLCertVerificationError("self-signed certificate"),
        urllib.error.URLError(ssl.SSLCertVerificationError("expired")),
        urllib.error.URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
        ValueError("unknown url type"),
    ],
)
def test_an_address_that_can_never_work_is_tried_once(tmp_path, monkeypatch, error) -> None:
    calls = []

    def urlopen(*_, **__):
        calls.append(1)
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(ClovaError, match="is the address right"):
        download(tmp_path, ["toy"], base_url="https://example.com", data_sets=SETS)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "url",
    [
        "notaurl",
        "",
        "ftp://host/x",
        "file:///etc",
        "http://",
        "http://[::1",
        "http://h:99999999",
        "http://h:x",
        "http://h/a b",
        "http://한글.kr",
        "http://h/\x1b[0m",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(tmp_path, url) -> None:
    with pytest.raises(ClovaError, match="--base-url") as told:
        download(tmp_path, ["toy"], base_url=url, data_sets=SETS)
    assert str(told.value).isprintable()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("timeout", [float("nan"), 0.0, -1.0, float("inf"), 1e30])
def test_a_timeout_that_is_no_time_is_refused(tmp_path, timeout) -> None:
    with pytest.raises(ClovaError, match="timeout"):
        download(tmp_path, ["toy"], base_url="http://h", timeout=timeout, data_sets=SETS)


@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling"])
def test_a_part_that_is_a_link_is_not_written_through(serve, tmp_path, kind) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("keep me")
    part = tmp_path / "out" / "toy" / "data.txt.part"
    part.parent.mkdir(parents=True)
    if kind == "hard":
        part.hardlink_to(mine)
    else:
        part.symlink_to(mine if kind == "symbolic" else tmp_path / "elsewhere")
    assert get(serve("ok"), tmp_path / "out") == CONTENT
    assert mine.read_text() == "keep me"
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "out" / "toy" / "data.txt").is_symlink()


def test_a_full_disk_is_not_tried_again(serve, tmp_path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    server = serve("ok")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", full)
        with pytest.raises(OSError, match="No space left"):  # the command makes one line of it
            get(server, tmp_path)
    assert len(server.requests) == 1


def test_a_servers_words_do_not_steer_the_terminal(serve, tmp_path, capsys) -> None:
    with pytest.raises(ClovaError, match=r"HTTP 404 \?\[31mred") as told:
        get(serve("escape"), tmp_path)
    assert str(told.value).isprintable()


def test_the_command_and_its_errors(serve, tmp_path, capsys) -> None:
    assert cli.main(["download", "--out", str(tmp_path), "nsmc2"]) == 2
    assert "no data set 'nsmc2'; there are: nsmc, korquad, klue" in capsys.readouterr().err
    server = serve("404")
    status = cli.main(["download", "--out", str(tmp_path), "--base-url", server.url, "nsmc"])
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert status == 2
    assert "HTTP 404" in error
    assert server.requests[0][0] == (
        "/e9t/nsmc/cc0670e872d4ac27bfe36c87456783004b39ef6c/ratings_train.txt"
    )


def test_ctrl_c_keeps_what_came(serve, tmp_path) -> None:
    server = serve("stall")
    code = (
        "import signal, sys; from clova_jax.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a shell's background ignores it
        f"sys.exit(main(['download', '--out', {str(tmp_path)!r}, '--base-url', {server.url!r}, 'nsmc']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    part = tmp_path / "nsmc" / "ratings_train.txt.part"
    for _ in range(500):
        if part.exists() and part.stat().st_size:
            break
        time.sleep(0.02)
    process.send_signal(2)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert part.stat().st_size == 150_000


def test_the_pinned_hashes_are_those_of_the_real_files(real_data, tmp_path) -> None:
    """The whole NSMC training file is at hand; its content has the pinned hash."""
    from clova_jax.common.files import find_file, open_binary

    with open_binary(find_file(real_data / "nsmc", "ratings_train.txt")) as file:
        (tmp_path / "file").write_bytes(file.read())
    assert blob_hash(tmp_path / "file") == DATA_SETS["nsmc"].files["nsmc/ratings_train.txt"][1]


def test_every_pin_is_a_hash() -> None:
    for source in DATA_SETS.values():
        for text in (source.commit, *(blob for _, blob in source.files.values())):
            assert len(text) == 40
            assert int(text, 16)
    targets = [target for source in DATA_SETS.values() for target in source.files]
    assert len(targets) == len(set(targets)) == 10
