"""Apps in service: the phone page without a key, the webhook with its sessions, and that people do not mix."""

import json
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from clova_jax.studio.store import Store
from tests.studio.studio_world import make_model, running

GUEST = secrets.token_urlsafe(16)  # 22 characters
CONTENT = {
    "title": {"ko": "<b>수다</b>", "en": "talk"},
    "template": "{history}U {input}\nB",
    "parameters": {"max_tokens": 4, "temperature": 0, "stop": ["\n"]},
    "session": {"turns": 2, "user": "U ", "bot": "B ", "greeting": "안녕"},
}


@pytest.fixture(scope="module")
def lm():
    return make_model(320)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/studio.db"


@pytest.fixture
def server(lm, url):
    with running(url, lm, slots=8) as made:
        yield made


@pytest.fixture
def keys(server, url):
    """The headers of two keys."""
    store = Store(url)
    made = [{"Authorization": f"Bearer {store.add_key(name)}"} for name in ("one", "two")]
    server.studio.access._known.clear()
    store.close()
    return made


def deploy(server, content=CONTENT, name="앱", headers=None, **access):
    """An app whose version 1 is in service."""
    options = {"headers": headers or {}}
    made = server.post("/v1/apps", {"name": name, "content": content}, **options)
    assert made.status_code == 201, made.text
    path = f"{server.url}/v1/apps/{name}"
    httpx.put(f"{path}/labels/service", json={"version": 1, "was": None}, **options)
    assert httpx.put(f"{path}/access", json={"public": True, **access}, **options).is_success


def say(server, text, session="s", name="앱", **options):
    body = {"session": session, "text": text}
    return server.post(f"/v1/apps/{name}/webhook", body, **options)


def expected(lm, said):
    """The answers of a session, by the model itself."""
    turns = []
    for text in said:
        lines = ["B 안녕"] if len(turns) < 2 else []
        for asked, answered in turns[-2:]:
            lines += [f"U {asked}", " ".join(f"B {answered}".split(" "))]
        prompt = "".join(f"{line}\n" for line in [*lines, f"U {text}"]) + "B"
        answer = lm.generate([prompt], max_new_tokens=4, temperature=0, stop=["\n"])[0]
        turns.append((text, " ".join(answer.split())))
    return [answer for _, answer in turns]


def streamed(answer):
    lines = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]", answer.text
    found = [json.loads(line) for line in lines[:-1]]
    return "".join(c["text"] for one in found for c in one["choices"]), found


def test_the_phone_page_asks_without_a_key(server, keys, lm):
    run = f"{server.url}/a/앱/run"
    assert server.get("/a/앱/about").status_code == 404
    deploy(server, headers=keys[0], public=False)
    assert server.get("/a/앱/about").status_code == 404
    assert httpx.post(run, json={"input": "가"}).status_code == 404
    access = {"public": True, "requests_per_minute": 3}
    httpx.put(f"{server.url}/v1/apps/앱/access", json=access, headers=keys[0])
    about = server.get("/a/앱/about").json()
    assert (about["title"]["ko"], about["greeting"], about["session"]) == (
        "<b>수다</b>",
        "안녕",
        True,
    )
    said = ["가나", "다라", "마"]
    found = [
        streamed(httpx.post(run, json={"input": text, "session": GUEST}, timeout=60))
        for text in said
    ]
    assert [" ".join(text.split()) for text, _ in found] == expected(lm, said)
    assert found[0][1][-1]["app"] == {"name": "앱", "version": 1}
    refused = httpx.post(run, json={"input": "바"})
    assert refused.status_code == 429
    assert "the limit is 3 requests a minute" in refused.json()["error"]["message"]
    assert say(server, "가", headers=keys[0]).status_code == 200  # the owner's key has its own


def test_a_webhook_keeps_the_last_turns_and_forgets_them_when_told(server, lm):
    deploy(server)
    said = ["가나", "다라", "마바", "사"]
    answers = [say(server, text).json() for text in said]
    assert [" ".join(one["text"].split()) for one in answers] == expected(lm, said)
    assert [one["turns"] for one in answers] == [1, 2, 2, 2]
    assert {one["session"] for one in answers} == {"s"}
    assert all(one["request_id"] and one["finish"] for one in answers)
    reset = server.post("/v1/apps/앱/webhook/reset", {"session": "s"})
    assert reset.json() == {"session": "s", "turns": 0}
    assert " ".join(say(server, "가나").json()["text"].split()) == expected(lm, ["가나"])[0]


def test_who_may_call_the_webhook(server, keys):
    deploy(server, headers=keys[0], public=False)
    assert say(server, "가").status_code == 401
    assert say(server, "가", headers={"Authorization": "Bearer x"}).status_code == 401
    assert say(server, "가", headers=keys[1]).status_code == 404
    assert say(server, "가", headers=keys[0]).status_code == 200
    assert say(server, "가", name="없음").status_code == 401
    httpx.put(f"{server.url}/v1/apps/앱/access", json={"public": True}, headers=keys[0])
    assert say(server, "가", GUEST).json()["turns"] == 1
    assert say(server, "가", headers=keys[1]).json()["turns"] == 1
    assert say(server, "가", headers=keys[0]).json()["turns"] == 2
    for bad in ("", "s" * 201, None):
        assert say(server, "가", bad).status_code == 400


def test_a_guest_s_session_has_a_name_that_nobody_guesses(server, keys):
    deploy(server, headers=keys[0])
    run, reset = f"{server.url}/a/앱/run", "/v1/apps/앱/webhook/reset"
    for name in ("s", "거실 스피커", "x" * 21, "x" * 22 + " ", "가" * 22):
        for refused in (
            say(server, "가", name),
            server.post(reset, {"session": name}),
            httpx.post(run, json={"input": "가", "session": name}, timeout=60),
        ):
            assert refused.status_code == 400, refused.text
            error = refused.json()["error"]
            assert error["param"] == "session"
            assert "22 or more" in error["message"]
        assert say(server, "가", name, headers=keys[0]).json()["turns"] == 1
    assert [say(server, "가", GUEST).json()["turns"] for _ in range(2)] == [1, 2]
    assert server.post(reset, {"session": GUEST}).json()["turns"] == 0
    assert httpx.post(run, json={"input": "가"}, timeout=60).status_code == 200  # of no session


def test_ten_people_at_once_do_not_mix(server, keys, lm):
    deploy(server, headers=keys[0])
    for number, headers in enumerate(keys):
        deploy(server, {"template": f"{number}번 {{input}}"}, f"앱{number}", headers, public=False)
    people = [[f"{person}:{turn} 말" for turn in range(3)] for person in range(5)]

    def talk(place):
        who, headers = place % 5, keys[place // 5]
        heard = [say(server, text, f"s{who}", headers=headers).json() for text in people[who]]
        mine = server.get("/v1/apps", headers=headers).json()["data"]
        return [" ".join(one["text"].split()) for one in heard], [app["name"] for app in mine]

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(talk, range(10)))
    for place, (heard, mine) in enumerate(found):
        assert heard == expected(lm, people[place % 5])
        assert mine == (["앱", "앱0"] if place < 5 else ["앱1"])


def test_calls_of_one_session_come_one_after_the_other(server, url):
    deploy(server)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: say(server, f"말{n}").json(), range(6)))
    assert sorted(one["turns"] for one in answers) == [1, 2, 2, 2, 2, 2]
    assert server.studio.sessions._locks == {}


def test_a_blocked_turn_is_not_kept_and_a_masked_one_is_kept_masked(server, url):
    content = CONTENT | {"filters": {"personal": "mask", "curse": "block"}}
    deploy(server, content)
    assert say(server, "씨발").json() | {"request_id": ""} == {
        "text": "", "session": "s", "turns": 0, "request_id": "", "finish": "content_filter",
    }  # fmt: skip
    assert say(server, "제 번호는 010-1234-5678 입니다").json()["turns"] == 1
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        ((turns,),) = connection.execute("select turns from sessions").fetchall()
    assert json.loads(turns)[0][0] == "제 번호는 <|phone|> 입니다"


def test_a_deleted_app_takes_its_sessions_along(server, url):
    deploy(server)
    say(server, "가")
    httpx.delete(f"{server.url}/v1/apps/앱")
    deploy(server)
    assert say(server, "가").json()["turns"] == 1
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        for table in ("apps", "versions", "labels", "label_log", "sessions"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (1,), table
