"""The command: keys, refusals in one line, a server that loads with progress, answers and drains."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from clova_jax.cli import main
from clova_jax.studio.store import Misuse, Store
from tests.studio.studio_world import make_model


@pytest.fixture
def database(tmp_path):
    return f"--database=sqlite:///{tmp_path}/studio.db"


def test_keys_are_made_listed_and_revoked(database, capsys):
    words = ["studio", database]
    add = ["--add-key", "web", "--requests-per-minute", "60", "--filters", "personal=mask"]
    assert main([*words, *add]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("sk-")
    assert main([*words, "--list-keys"]) == 0
    assert "web\tin use\t60 requests\t- tokens a minute\tpersonal=mask" in capsys.readouterr().out
    assert main([*words, "--revoke-key", "web", "--list-keys"]) == 0
    shown = capsys.readouterr().out
    assert "revoked" in shown
    assert key not in shown


def test_reports_of_misuse_are_listed_a_line_each(database, capsys):
    store = Store(database.removeprefix("--database="))
    store.add_misuse(Misuse("두 줄의\n신고", by="손님", app="앱"))
    store.close()
    assert main(["studio", database, "--list-reports"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[1:] == ["앱", "-", "손님", "두 줄의 신고"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--model is required"),
        (["--add-key", "a", "--filters", "curse"], "wants KIND=ACTION"),
        (["--add-key", "a", "--filters", "curse=drop"], "wants flag, mask, block"),
        (["--revoke-key", "a"], "there is none of this name"),
        (["--model", "x", "--host", "0.0.0.0"], "there is no key"),
        (["--model", "nowhere", "--port", "0"], "nowhere"),
        (["--model", "x", "--tokens-per-minute", "9"], "belongs to --add-key"),
        (["--model", "x", "--upstream-model", "m"], "belongs to --upstream"),
        (["--model", "x", "--filters", "curse=drop"], "wants flag, mask, block"),
        (["--model", "x", "--filters", "unsafe=block"], "needs a classifier"),
        (["--model", "x", "--toxicity", "none.safetensors"], "no such file"),
    ],
)
def test_mistakes_are_one_line_and_status_2(database, words, message, capsys):
    assert main(["studio", database, *words]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert message in lines[-1]
    assert lines[-1].startswith("clova studio: error: ")


def test_the_log_is_as_before_when_a_server_has_ended(database, capsys):
    """Else a line that comes later would meet the stream of a program that has closed it."""
    before = logging.getLogger().handlers[:], logging.getLogger("clova_jax.studio").level
    assert main(["studio", database, "--model", "x", "--host", "0.0.0.0"]) == 2
    assert (logging.getLogger().handlers, logging.getLogger("clova_jax.studio").level) == before


def test_without_the_extra_one_line_says_how_to_get_it(database, monkeypatch, capsys):
    monkeypatch.setattr("clova_jax.cli.studio.NEEDED", ("no_such_package",))
    assert main(["studio", database, "--model", "x"]) == 2
    assert "pip install 'clova_jax[studio]'" in capsys.readouterr().err


def test_a_damaged_model_directory_is_one_line(database, tmp_path, capsys):
    make_model().save(tmp_path / "model")
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-7] + b"damaged")
    assert main(["studio", database, "--model", str(tmp_path / "model"), "--port", "0"]) == 2
    assert str(tmp_path / "model") in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_written_is_sent_at_once():
    from clova_jax.studio.serving import listen

    async def without_delay():
        found = asyncio.get_running_loop().create_future()

        def connected(_, writer):
            accepted = writer.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await found
            finally:
                writer.close()

    assert asyncio.run(without_delay())


def test_a_server_starts_answers_and_drains(tmp_path):
    lm = make_model(1024)
    lm.save(tmp_path / "run" / "model")
    command = [sys.executable, "-m", "clova_jax", "studio", "--model", "run", "--port", "0"]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
    first = server.stdout.readline()
    assert first.startswith("ready on http://127.0.0.1:")
    url = first.split()[-1]
    assert "compiling" in (tmp_path / "log").read_text()
    assert httpx.get(url + "/ready").json() == {"status": "ready"}
    began = time.monotonic()
    body = {"prompt": "옛날", "max_tokens": 5, "temperature": 0}
    answer = httpx.post(url + "/v1/completions", json=body, timeout=60).json()
    first = time.monotonic() - began
    assert answer["model"] == "run"
    assert answer["choices"][0]["text"] == lm.generate(["옛날"], max_new_tokens=5, temperature=0)[0]
    assert first < 5  # compiled before; a compilation here takes longer
    always = {str(lm.tokenizer.encode("a")[0]): 100}
    long = {"prompt": "a", "max_tokens": 900, "logit_bias": always, "stream": True}
    with httpx.stream("POST", url + "/v1/completions", json=long, timeout=60) as streamed:
        lines = streamed.iter_lines()
        next(line for line in lines if line)
        server.send_signal(signal.SIGINT)
        left = [line for line in lines if line]
    assert left[-1] == "data: [DONE]"
    text = "".join(json.loads(line[6:])["choices"][0]["text"] for line in left[:-1])
    assert len(text) > 800
    assert server.wait(60) == 0
    assert "stopping after 1 texts" in (tmp_path / "log").read_text()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url + "/health")
