"""A server that is killed in the middle of uploads, deployments and rollbacks, and started again."""

import os
import signal
import subprocess
import sys
import threading

import httpx
import pytest

SERVER = """
import socket, sys, uvicorn
from clova_jax.studio.app import make_app
from clova_jax.studio.server import Studio
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Store
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
app = make_app(Studio(Settings("none"), Store(sys.argv[1])))
uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error")).run(sockets=[listener])
"""
LINE = "한강은 서울을 지나 서해로 흐른다.\n"


class Killed:
    """Starts a server without a model, and kills it."""

    def __init__(self, url):
        command = [sys.executable, "-c", SERVER, url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.client = httpx.Client(base_url=address, timeout=60)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def upload(client, name, number):
    """A document with a word of its own on the last line."""
    text = LINE * 500 + f"꼬리말{number}번"
    path = "/v1/collections/강/documents"
    return client.post(path, params={"name": name}, content=text.encode())


def change(client, number):
    """One round of changes; yields what to look for after each that was acknowledged."""
    name = f"앱{number}"
    labels, content = f"/v1/apps/{name}/labels/service", {"template": f"{number} {{input}}"}
    for call, mark in (
        (lambda: upload(client, f"{number}.txt", number), ("document", f"{number}.txt")),
        (lambda: upload(client, "같은.txt", number), ("replaced", number)),
        (lambda: client.post("/v1/apps", json={"name": name, "content": content}), None),
        (lambda: client.put(labels, json={"version": 1, "was": None}), ("deployed", name, 1)),
        (
            lambda: client.post(f"/v1/apps/{name}/versions", json={"content": content, "after": 1}),
            ("version", name, 2),
        ),
        (lambda: client.put(labels, json={"version": 2, "was": 1}), ("deployed", name, 2)),
        (lambda: client.put(labels, json={"version": 1, "was": 2}), ("rolled back", name, 1)),
    ):
        assert call().is_success
        if mark:
            yield mark


def found(client, mark):
    """Whether an acknowledged change is there."""
    kind, *rest = mark
    if kind == "document":
        number = rest[0].removesuffix(".txt")
        return any(hit["document"] == rest[0] for hit in search(client, f"꼬리말{number}번", 50))
    app = client.get(f"/v1/apps/{rest[0]}").json()
    if kind == "version":
        return rest[1] in [version["number"] for version in app["versions"]]
    log = [one["version"] for one in app["log"]]
    assert app["labels"]["service"] == log[0]
    return rest[1] in log


def search(client, query, passages):
    body = {"query": query, "passages": passages}
    return client.post("/v1/collections/강/search", json=body).json()["data"]


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost(tmp_path):
    url, marks, number = f"sqlite:///{tmp_path}/studio.db", [], 0
    server = Killed(url)
    server.client.post("/v1/collections", json={"name": "강"}).raise_for_status()
    for quota in (0, 6, 14):
        left = quota
        try:
            while True:
                number += 1
                for mark in change(server.client, number):
                    marks.append(mark)
                    left -= 1
                    if left == -1:  # in the middle of one of the next changes
                        threading.Timer(0.01 * quota, server.kill).start()
        except httpx.TransportError:
            server.process.wait()
        server = Killed(url)
    try:
        replaced = max((mark[1] for mark in marks if mark[0] == "replaced"), default=0)
        others = [mark for mark in marks if mark[0] != "replaced"]
        assert len(marks) > 20
        assert {mark[0] for mark in marks} >= {"document", "deployed", "rolled back"}
        assert [mark for mark in others if not found(server.client, mark)] == []
        tails = {
            hit["text"][-20:]
            for hit in search(server.client, "꼬리말", 50)
            if hit["document"] == "같은.txt"
        }
        assert any(
            tail.endswith(f"꼬리말{n}번") for n in range(replaced, number + 1) for tail in tails
        )
    finally:
        server.kill()
