"""The log of requests over HTTP: sums, pages, texts, ratings, preference pairs, reports; each key sees its own."""

import json
import logging

import pytest

from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Store
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/studio.db"


@pytest.fixture
def server(lm, url):
    with running(url, lm, settings=Settings("tiny", log_texts=True), slots=4) as made:
        yield made


def bearer(key):
    return {"headers": {"Authorization": f"Bearer {key}"}}


def ask(server, prompt="옛날", options=None, **fields):
    body = {"prompt": prompt, "max_tokens": 4, "seed": 1, **fields}
    return server.post("/v1/completions", body, **(options or {}))


def sums(server, options=None, **query):
    return server.get("/v1/usage", params=query, **(options or {})).json()["data"]


def listed(server, options=None, **query):
    server.studio.log.flush()
    return server.get("/v1/requests", params=query, **(options or {})).json()["data"]


def test_requests_are_summed_up(server):
    counts = [ask(server).json()["usage"], ask(server, n=2).json()["usage"]]
    assert ask(server, "가" * 500).status_code == 400
    ask(server, stream=True, max_tokens=3)
    server.studio.log.flush()
    (day,) = sums(server)
    assert (day["requests"], day["errors"]) == (4, 1)
    prompt, written = (
        sum(one[f"{kind}_tokens"] for one in counts) for kind in ("prompt", "completion")
    )
    assert day["prompt_tokens"] > prompt
    assert written < day["completion_tokens"] <= written + 3
    assert 0 < day["first_p50"] <= day["first_p99"]
    assert day["first_p50"] <= day["seconds_p50"] <= day["seconds_p99"]
    assert sum(day["finished"].values()) == 4
    assert day["finished"]["error"] == 1
    for by, group in (("app", ""), ("key", ""), ("version", "")):
        assert [one["group"] for one in sums(server, by=by)] == [group]
    early, late = (sums(server, by="hour", offset=offset)[0]["group"] for offset in (0, 60))
    assert (early, late) == tuple(sorted((early, late)))
    assert early != late
    assert sums(server, to="2020-01-01T00:00:00Z") == []
    assert sums(server, **{"from": "2020-01-01T00:00:00+09:00"}) == [day]


def test_sums_as_csv(server):
    ask(server, "제 번호는 010-1234-5678 입니다", max_tokens=0)
    server.studio.log.flush()
    answer = server.get("/v1/usage?by=key&format=csv")
    head, row = answer.content.decode("utf-8-sig").splitlines()
    found = dict(zip(head.split(","), row.split(","), strict=True))
    assert (found["requests"], found["filtered_personal"], found["finished_length"]) == (
        "1",
        "1",
        "1",
    )
    assert found["first_p50"] == ""
    assert server.get("/v1/usage?format=csv&to=2020-01-01").content.decode("utf-8-sig") == ""


def test_a_request_comes_back_with_what_is_kept(server):
    answer = ask(server, temperature=0.5, stop=["끝"]).json()
    (row,) = listed(server)
    assert row["id"] == answer["request_id"]
    assert "text" not in row
    whole = server.get(f"/v1/requests/{row['id']}").json()
    assert whole["prompt"] == "옛날"
    assert whole["text"] == answer["choices"][0]["text"]
    given = {"max_tokens": 4, "seed": 1, "temperature": 0.5, "stop": ["끝"], "top_p": 1.0}
    assert whole["parameters"].items() >= given.items()
    assert (whole["variables"], whole["ratings"]) == (None, [])
    for unknown in ("0" * 32, "x", "%00", "%ed%a0%80"):
        assert server.get(f"/v1/requests/{unknown}").status_code == 404
    for query in (
        "version=99999999999999999999",
        "app=%00",
        "app=" + "x" * 101,
        "by=week",
        "from=x",
        "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-14:00",
    ):
        refused = server.get(f"/v1/usage?{query}")
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == query.partition("=")[0]


def test_texts_are_kept_as_filters_leave_them(lm, url):
    settings = Settings("tiny", log_texts=True, filters={"personal": "mask"})
    with running(url, lm, settings=settings, slots=2) as server:
        ask(server, "제 번호는 010-1234-5678 입니다")
        (row,) = listed(server)
        prompt = server.get(f"/v1/requests/{row['id']}").json()["prompt"]
        assert "1234" not in prompt
        assert prompt.startswith("제 번호는 ")


def test_no_text_is_kept_where_logs_may_hold_none(lm, url, tmp_path):
    with running(url, lm, slots=2) as server:
        ask(server, "감춰진글", stop=["감춰진끝"])
        (row,) = listed(server)
        whole = server.get(f"/v1/requests/{row['id']}").json()
        assert [whole[name] for name in ("prompt", "text", "variables", "parameters")] == [None] * 4
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "감춰진".encode() not in held
    assert rb"\uac10\ucdb0\uc9c4" not in held


def test_what_waits_is_written_before_the_server_ends(lm, url, monkeypatch):
    with running(url, lm, slots=4) as server:
        import time

        write = server.studio.store.add_requests
        monkeypatch.setattr(
            server.studio.store, "add_requests", lambda records: (time.sleep(0.2), write(records))
        )
        for _ in range(6):
            ask(server, max_tokens=1)
    store = Store(url)
    assert len(store.list_requests(_of(""), 100)) == 6
    store.close()


def _of(caller):
    from clova_jax.studio.store import Selected

    return Selected(caller)


def test_a_record_that_the_database_refuses_takes_no_other_with_it(server, caplog):
    write = server.studio.store.add_requests

    def refusing(records):
        if any(record.prompt_tokens > 50 for record in records):
            raise OSError("the disk is full")
        write(records)

    server.studio.store.add_requests = refusing
    with caplog.at_level(logging.ERROR, "clova_jax.studio"):
        ask(server)
        ask(server, "옛날 " * 20)
        ask(server)
        assert len(listed(server)) == 2
    assert "is not in the log of requests" in caplog.text


def test_pages_of_requests_follow_each_other(server):
    made = [ask(server, max_tokens=1).json()["request_id"] for _ in range(5)]
    found, before = [], {}
    while page := listed(server, limit=2, **before):
        found += [row["id"] for row in page]
        before = {"before": found[-1]}
    assert found == made[::-1]
    assert server.get("/v1/requests?limit=0").status_code == 400
    assert server.get("/v1/requests?before=x").status_code == 400


def test_each_key_sees_its_own(server):
    store = server.studio.store
    one, other = (bearer(store.add_key(name)) for name in ("하나", "둘"))
    server.studio.access._known.clear()
    made = ask(server, options=one).json()["request_id"]
    assert [row["key"] for row in listed(server, one)] == ["하나"]
    assert listed(server, other) == []
    assert sums(server, other) == []
    assert sums(server, one, key="둘") == []
    for path in (f"/v1/requests/{made}", "/v1/misuse"):
        assert server.get(path).status_code == 401
    assert server.get(f"/v1/requests/{made}", **other).status_code == 404
    rating = {"value": 1}
    assert server.post(f"/v1/requests/{made}/rating", rating, **other).status_code == 404
    assert server.post(f"/v1/requests/{made}/rating", rating, **one).status_code == 200
    assert (
        server.post("/v1/misuse", {"text": "나쁨", "request_id": made}, **other).status_code == 201
    )
    assert [row["by"] for row in server.get("/v1/misuse", **one).json()["data"]] == ["둘"]
    assert server.get("/v1/misuse", **other).json()["data"] == []


def test_ratings_become_preference_pairs(server):
    answers = [ask(server, seed=seed, max_tokens=6).json() for seed in range(4)]
    answers.append(ask(server, "다른 글").json())
    for answer, value in zip(answers, (1, -1, -1, 1, -1), strict=True):
        path = f"/v1/requests/{answer['request_id']}/rating"
        assert server.post(path, {"value": -value}).status_code == 200
        assert server.post(path, {"value": value, "note": "까닭"}).status_code == 200
    (row,) = listed(server, limit=1)
    assert (row["up"], row["down"]) == (0, 1)
    (rating,) = server.get(f"/v1/requests/{row['id']}").json()["ratings"]
    assert (rating["value"], rating["note"]) == (-1, "까닭")
    pairs = [json.loads(line) for line in server.get("/v1/preferences").text.splitlines()]
    texts = [answer["choices"][0]["text"] for answer in answers]
    expected = {(texts[a], texts[b]) for a in (0, 3) for b in (1, 2) if texts[a] != texts[b]}
    assert {(pair["chosen"], pair["rejected"]) for pair in pairs} == expected
    assert {pair["prompt"] for pair in pairs} == {"옛날"}
    assert (sums(server)[0]["up"], sums(server)[0]["down"]) == (2, 3)
    for body in ({"value": 2}, {}, {"value": 1, "more": 1}, {"value": 1, "note": "x" * 3000}):
        assert server.post(f"/v1/requests/{row['id']}/rating", body).status_code == 400


def test_misuse_is_reported_to_whom_it_concerns(server):
    key = bearer(server.studio.store.add_key("주인"))
    server.studio.access._known.clear()
    content = {"template": "{input}"}
    assert server.post("/v1/apps", {"name": "앱", "content": content}, **key).status_code == 201
    other = bearer(server.studio.store.add_key("손님"))
    report = {"text": "<b>나쁜 글</b>", "app": "앱"}
    assert server.post("/v1/misuse", report, **other).status_code == 404  # it is not public
    assert server.post("/a/앱/misuse", {"text": "나쁨"}).status_code == 404
    access = {"public": True, "shared": False}
    import httpx

    httpx.put(f"{server.url}/v1/apps/앱/access", json=access, **key)
    assert server.post("/v1/misuse", report, **other).status_code == 201
    statuses = [server.post("/a/앱/misuse", {"text": "나쁨"}).status_code for _ in range(61)]
    assert statuses == [201] * 60 + [429]
    assert server.post("/v1/misuse", {"text": "서버에게"}, **other).status_code == 201
    found = server.get("/v1/misuse", **key).json()["data"]
    assert (len(found), found[-1]["text"], found[-1]["by"]) == (61, "<b>나쁜 글</b>", "손님")
    assert [one.text for one in server.studio.store.list_misuse("")] == ["서버에게"]
    for body in ({"text": ""}, {"text": "x" * 5001}, {"text": "a\0b"}, {"text": "a", "app": "<b>"}):
        assert server.post("/v1/misuse", body, **other).status_code == 400
