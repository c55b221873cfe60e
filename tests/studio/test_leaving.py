"""Clients that leave: streaming or not, running or waiting, they free their slot; nothing is left behind."""

import json
import socket
import threading
import time

import httpx
import pytest

from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model(2048)


@pytest.fixture(scope="module")
def server(lm, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('leaving')}/studio.db"
    with running(url, lm, slots=2, waiting=3) as made:
        yield made


def endless(lm):
    """A request that writes to the end of a long context."""
    always = {str(lm.tokenizer.encode("a")[0]): 100}
    return {"prompt": "a", "max_tokens": 2000, "logit_bias": always}


def wait_for(server, load):
    for _ in range(3000):
        if server.engine.load == load:
            return
        time.sleep(0.01)
    raise AssertionError(f"load is {server.engine.load}, wanted {load}")


def leave_after_sending(server, body):
    """A connection with a request on it."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    data = json.dumps(body).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n"
    connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + data)
    return connection


def fill(server, body):
    """Connections that fill both slots and the queue."""
    connections = [leave_after_sending(server, body) for _ in range(2)]
    wait_for(server, (2, 0))
    connections += [leave_after_sending(server, body) for _ in range(3)]
    wait_for(server, (2, 3))
    return connections


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_frees_the_slot_running_or_waiting(server, lm, stream):
    body = endless(lm) | {"stream": stream}
    open_connections = fill(server, body)
    open_connections.pop().close()
    wait_for(server, (2, 2))
    for connection in open_connections:
        connection.close()
    wait_for(server, (0, 0))
    assert server.engine._slots.free == 2


def test_a_full_queue_is_a_503_with_retry_after(server, lm):
    connections = fill(server, endless(lm) | {"stream": True})
    for stream in (True, False):
        full = server.post("/v1/completions", {"prompt": "a", "stream": stream})
        assert full.status_code == 503
        assert full.headers["retry-after"] == "1"
        assert full.json()["error"]["code"] == "queue_full"
    several = server.post("/v1/completions", {"prompt": "a", "n": 5})
    assert several.status_code == 503
    for connection in connections:
        connection.close()
    wait_for(server, (0, 0))


def test_streams_hold_no_thread(server, lm):
    before = threading.active_count()
    connections = fill(server, endless(lm) | {"stream": True})
    assert threading.active_count() <= before + 1  # a key was looked up
    for connection in connections:
        connection.close()
    wait_for(server, (0, 0))


def test_an_engine_that_fails_ends_streams_with_an_error_and_no_done(lm, tmp_path):
    with running(f"sqlite:///{tmp_path}/x.db", lm, slots=2) as server:
        body = endless(lm) | {"stream": True}
        with httpx.stream("POST", server.url + "/v1/completions", json=body, timeout=60) as answer:
            lines = answer.iter_lines()
            next(line for line in lines if line)
            server.engine._slots.advance = lambda tokens: 1 // 0
            left = [line for line in lines if line]
        assert json.loads(left[-1].removeprefix("data: "))["error"]["type"] == "api_error"
        assert "[DONE]" not in "".join(left)
        assert server.get("/ready").status_code == 503
        assert server.get("/health").status_code == 200
