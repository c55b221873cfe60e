"""`clova download` against a server that cuts, corrupts, stalls and ignores ranges."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clova_jax import cli
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.download import ATTEMPTS, DATA_SETS, DataSet, blob_hash, download

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
    with pytest.raises(ClovaError, match=f"{ATTEMPTS} attempts without a new byte"):
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
