"""Collections over HTTP: documents in, passages out; each key has its own."""

import socket
import time

import httpx
import pytest

from clova_jax.retrieve import LARGEST
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Store
from tests.studio.studio_world import make_model, running

RIVERS = "한강은 서울을 지나 서해로 흐른다.\n\n낙동강은 부산으로 흐른다."
KING = "세종대왕은 한글을 만들었다."


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/studio.db"


@pytest.fixture
def server(lm, url):
    with running(url, lm, slots=2) as made:
        yield made


def upload(server, name, content, collection="강", **options):
    data = content.encode() if isinstance(content, str) else content
    path = f"{server.url}/v1/collections/{collection}/documents"
    return httpx.post(path, params={"name": name}, content=data, timeout=60, **options)


def found(server, query, collection="강", **fields):
    answer = server.post(f"/v1/collections/{collection}/search", {"query": query, **fields})
    assert answer.status_code == 200, answer.text
    return [(hit["document"], hit["text"]) for hit in answer.json()["data"]]


def message(answer):
    return answer.json()["error"]["message"]


def test_documents_are_kept_found_replaced_and_deleted(server):
    assert server.post("/v1/collections", {"name": "강"}).status_code == 201
    assert server.post("/v1/collections", {"name": "강"}).status_code == 409
    assert upload(server, "강.txt", RIVERS).json() == {"name": "강.txt", "passages": 1}
    assert upload(server, "폴더/왕.md", KING).status_code == 201
    (listed,) = server.get("/v1/collections").json()["data"]
    assert (listed["name"], listed["documents"], listed["passages"]) == ("강", 2, 2)
    documents = server.get("/v1/collections/강").json()["documents"]
    assert [(one["name"], one["bytes"]) for one in documents] == [
        ("강.txt", len(RIVERS.encode())),
        ("폴더/왕.md", len(KING.encode())),
    ]
    assert found(server, "한글을 만든 왕") == [("폴더/왕.md", KING)]
    upload(server, "강.txt", "압록강은 백두산에서 시작한다.")
    assert found(server, "한강") == []
    assert found(server, "압록강") == [("강.txt", "압록강은 백두산에서 시작한다.")]
    gone = httpx.delete(f"{server.url}/v1/collections/강/documents/폴더/왕.md")
    assert gone.json()["deleted"]
    assert found(server, "한글을 만든 왕") == []
    assert found(server, "압록강", by=["words", "morphemes", "vectors"])
    again = httpx.delete(f"{server.url}/v1/collections/강/documents/폴더/왕.md")
    assert again.status_code == 404
    assert httpx.delete(f"{server.url}/v1/collections/강").json()["deleted"]
    assert server.get("/v1/collections/강").status_code == 404


def test_a_document_that_another_process_deletes_is_gone_too(server, url):
    server.post("/v1/collections", {"name": "강"})
    upload(server, "강.txt", RIVERS)
    assert found(server, "한강")
    other = Store(url)
    other.delete_document("강", "", "강.txt")
    assert found(server, "한강") == []
    other.close()


def test_a_collection_that_another_process_deletes_takes_no_memory(lm, url, monkeypatch):
    monkeypatch.setattr("clova_jax.studio.server.MINUTE", 0.01)
    with running(url, lm, slots=2) as server:
        for name in ("강", "산"):
            server.post("/v1/collections", {"name": name})
            upload(server, "글.txt", RIVERS, name)
        assert found(server, "한강은", by=["words"])
        kept = server.studio.store.find_collection("산", "").id
        other = Store(url)
        other.delete_collection("강", "")
        other.close()
        until = time.monotonic() + 60
        while {number for number, _ in server.studio.library._held} != {kept}:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert found(server, "한강", "산")


def test_documents_outlive_a_restart(lm, url):
    with running(url, lm, slots=2) as server:
        server.post("/v1/collections", {"name": "강"})
        upload(server, "강.txt", RIVERS)
    with running(url, lm, slots=2) as server:
        assert found(server, "낙동강") == [("강.txt", RIVERS)]


def test_a_page_of_another_origin_changes_nothing(lm, url):
    settings = Settings("tiny", cors=("https://friend.example",))
    with running(url, lm, settings=settings, slots=2) as server:
        host = server.url.removeprefix("http://")
        server.post("/v1/collections", {"name": "강"})
        assert upload(server, "강.txt", RIVERS).status_code == 201  # no browser
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://{host}.evil.example"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        ):
            refused = upload(server, "강.txt", KING, headers=headers)
            assert refused.status_code == 403, headers
            assert "--cors" in message(refused)
            path = f"{server.url}/v1/collections/강/documents/강.txt"
            assert httpx.delete(path, headers=headers).status_code == 403
            assert server.get("/v1/collections", headers=headers).status_code == 200
        assert found(server, "한강") == [("강.txt", RIVERS)]
        for headers in (
            {"Origin": server.url, "Sec-Fetch-Site": "same-origin"},
            {"Origin": f"https://{host}"},  # before a proxy that has TLS
            {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "none"},
        ):
            assert upload(server, "강.txt", RIVERS, headers=headers).status_code == 201, headers


def test_each_key_has_collections_of_its_own(server, url):
    store = Store(url)
    one, two = ({"Authorization": f"Bearer {store.add_key(name)}"} for name in ("one", "two"))
    server.studio.access._known.clear()
    store.close()
    assert server.post("/v1/collections", {"name": "강"}, headers=one).status_code == 201
    assert upload(server, "강.txt", RIVERS, headers=one).status_code == 201
    assert server.get("/v1/collections", headers=two).json() == {"data": []}
    path = "/v1/collections/강"
    for refused in (
        server.get(path, headers=two),
        server.post(f"{path}/search", {"query": "한강"}, headers=two),
        upload(server, "강.txt", KING, headers=two),
        httpx.delete(f"{server.url}{path}/documents/강.txt", headers=two),
        httpx.delete(f"{server.url}{path}", headers=two),
    ):
        assert refused.status_code == 404
        assert "this key has none of this name" in message(refused)
    assert server.post("/v1/collections", {"name": "강"}, headers=two).status_code == 409
    assert server.get(path, headers=one).json()["documents"][0]["passages"] == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("그림.png", b"\x89PNG\r\n", "cannot be read; give a file of"),
        ("글.txt", b"\x89PNG\r\n\x1a\n\0\0\0", "is no text; give a file of"),
        ("빈.txt", b"", "has no text"),
        (
            "표.csv",
            "이름,나이\n민수,3\n영희,4,5\n",
            "표.csv:3: the row has 3 cells where the header has 2",
        ),
        ("줄.jsonl", "[1]\n", "줄.jsonl:1: not a JSON object"),
        ("../x.txt", KING, "is no name of a file"),
        ("a\0.txt", KING, "is no name of a file"),
    ],
)
def test_what_is_no_document_is_one_clear_message(server, name, content, words):
    server.post("/v1/collections", {"name": "강"})
    refused = upload(server, name, content)
    assert refused.status_code == 400
    assert words in message(refused)
    assert server.get("/v1/collections/강").json()["documents"] == []


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(server):
    server.post("/v1/collections", {"name": "강"})
    assert upload(server, "a.txt", "가" * (9 << 20 >> 2)).status_code == 201
    refused = upload(server, "a.txt", b"a" * (LARGEST + 1))
    assert refused.status_code == 413
    assert message(refused) == f"a body has {LARGEST:,} bytes at most"
    host, port = server.url.removeprefix("http://").split(":")
    part = b"a" * (1 << 20)
    chunks = (b"%x\r\n%s\r\n" % (len(part), part) for _ in range(21))
    for header, parts in (
        ("Content-Length: 209715200", ()),
        ("Transfer-Encoding: chunked", chunks),
    ):
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            head = f"POST /v1/collections/x/documents?name=a.txt HTTP/1.1\r\nHost: {host}\r\n"
            connection.sendall(f"{head}{header}\r\n\r\n".encode())
            for one in parts:
                connection.sendall(one)
            assert connection.recv(100).startswith(b"HTTP/1.1 413")
