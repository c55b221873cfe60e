"""Who may ask: keys and their limits, hosts, origins, filters by key, a server that is not ready."""

import asyncio
import contextlib
import logging

import httpx
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.studio.access import Access, Usage
from clova_jax.studio.arrays import to_body
from clova_jax.studio.errors import ApiError
from clova_jax.studio.serving import Served, serve
from clova_jax.studio.settings import Settings, is_loopback
from clova_jax.studio.store import Limits, Store
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/studio.db"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_on_loopback_any_key_will_do_until_there_is_one(url, lm):
    body = {"prompt": "가", "max_tokens": 2}
    with running(url, lm, slots=2) as server:
        assert server.post("/v1/completions", body).status_code == 200
        assert server.post("/v1/completions", body, headers=bearer("EMPTY")).status_code == 200
        store = Store(url)
        key = store.add_key("web", Limits(requests=2, tokens=1000), {"personal": "mask"})
        server.studio.access._known.clear()
        for headers in ({}, bearer("EMPTY"), {"Authorization": "Basic x"}):
            refused = server.post("/v1/completions", body, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["error"]["type"] == "authentication_error"
            assert refused.headers["www-authenticate"] == "Bearer"
            assert server.get("/v1/models", headers=headers).status_code == 401
        assert server.get("/health").status_code == 200
        assert server.get("/ready").status_code == 200
        statuses = [
            server.post("/v1/completions", body, headers=bearer(key)).status_code for _ in range(3)
        ]
        assert statuses == [200, 200, 429]
        refused = server.post("/v1/completions", body, headers=bearer(key))
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        with_logprobs = body | {"logprobs": 1}
        server.studio.access._used.clear()
        assert (
            "filters mask"
            in server.post("/v1/completions", with_logprobs, headers=bearer(key)).json()["error"][
                "message"
            ]
        )
        store.close()


def test_limits_count_a_minute_and_give_back_what_was_not_taken():
    usage = Usage()
    limits = Limits(requests=3, tokens=100)
    charge = usage.add(limits, 60, now=0)
    with pytest.raises(ApiError, match="100 tokens a minute"):
        usage.add(limits, 60, now=1)
    charge.settle(10)
    usage.add(limits, 60, now=2)
    usage.add(limits, 1, now=3)
    with pytest.raises(ApiError, match="3 requests a minute"):
        usage.add(limits, 1, now=59)
    usage.add(limits, 1, now=61)
    with pytest.raises(ApiError, match="may take 101 tokens"):
        usage.add(Limits(tokens=100), 101, now=200)


def test_requests_side_by_side_give_back_what_each_did_not_take():
    usage, limits = Usage(), Limits(tokens=300)
    small, large = usage.add(limits, 100, now=0), usage.add(limits, 200, now=0)
    small.settle(10)
    large.settle(20)
    usage.add(limits, 270, now=1)
    with pytest.raises(ApiError, match="300 tokens a minute"):
        usage.add(limits, 1, now=1)


def test_what_strangers_give_for_a_key_is_not_kept(url):
    store = Store(url)
    access = Access(store, Settings(host="0.0.0.0"))
    with pytest.raises(ApiError, match="not known"):
        asyncio.run(access.check("Bearer " + "x" * 60_000))
    assert max(map(len, access._known)) == 32
    store.close()


def test_hosts_and_origins(url, lm):
    settings = Settings("tiny", host_names=("studio.example",), cors=("https://page.example",))
    with running(url, lm, settings=settings, slots=2) as server:
        Store(url).add_key("web")
        for host, status in (
            ("evil.example", 400),
            ("localhost:1", 200),
            ("127.0.0.1:8000", 200),
            ("[::1]:8000", 200),
            ("studio.example", 200),
            ("localhost.evil.example", 400),
        ):
            assert server.get("/health", headers={"Host": host}).status_code == status, host
        preflight = {
            "Origin": "https://page.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = httpx.options(server.url + "/v1/completions", headers=preflight)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://page.example"
        other = httpx.options(
            server.url + "/v1/completions", headers=preflight | {"Origin": "https://other.example"}
        )
        assert "access-control-allow-origin" not in other.headers
        refused = server.get("/v1/models", headers={"Origin": "https://page.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://page.example"


def test_without_cors_no_page_may_read(url, lm):
    with running(url, lm, slots=2) as server:
        answer = server.get("/health", headers={"Origin": "https://page.example"})
        assert "access-control-allow-origin" not in answer.headers


def test_before_the_model_is_loaded(url):
    with running(url) as server:
        assert server.get("/health").status_code == 200
        for answer in (server.get("/ready"), server.post("/v1/completions", {"prompt": "a"})):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert answer.json()["error"]["message"] == "the model is being loaded"


def test_filters_of_a_key_mask_and_block_prompts_and_answers(url, lm):
    store = Store(url)
    mask, block = (
        store.add_key(action, filters={"personal": action, "curse": action})
        for action in ("mask", "block")
    )
    with running(url, lm, slots=2) as server:
        for stream in (False, True):
            body = {"prompt": "전화 010-1234-5678", "max_tokens": 3, "echo": True, "stream": stream}
            masked = server.post("/v1/completions", body, headers=bearer(mask)).text
            assert "1234" not in masked
            assert "<|phone|>" in masked
            blocked = server.post("/v1/completions", body, headers=bearer(block)).text
            assert "content_filter" in blocked
        plain = {"prompt": "안녕", "max_tokens": 20, "seed": 1}
        answers = [
            server.post("/v1/completions", plain, headers=bearer(key)).json()["choices"][0]["text"]
            for key in (mask, block)
        ]
        assert answers[0] == answers[1] == lm.generate(["안녕"], max_new_tokens=20, seed=1)[0]
    store.close()


def test_the_server_and_a_prompt_have_filters_too_and_the_strictest_counts(url, lm):
    store, phone = Store(url), "전화 010-1234-5678"
    lenient, strict = (
        store.add_key(name, filters=policy)
        for name, policy in (("lenient", {}), ("strict", {"personal": "block"}))
    )
    settings = Settings("tiny", filters={"personal": "mask"})
    vectors = to_body(np.zeros((1, 32), np.float32))
    made = {"name": "app", "model": lm.fingerprint, "template": "[P] {text}", "vectors": vectors}
    with running(url, lm, settings=settings, slots=2) as server:
        upload = made | {"filters": {"personal": "block"}}
        saved = server.post("/v1/prompts", upload, headers=bearer(lenient))
        assert saved.json()["filters"] == {"personal": "block"}
        bad = made | {"name": "b", "filters": {"unsafe": "block"}}
        assert server.post("/v1/prompts", bad, headers=bearer(lenient)).status_code == 400
        for key, model, expected in (
            (lenient, "tiny", "<|phone|>"),
            (strict, "tiny", "content_filter"),
            (lenient, "prompt:app", "content_filter"),
        ):
            body = {"model": model, "prompt": phone, "max_tokens": 2, "echo": True}
            answer = server.post("/v1/completions", body, headers=bearer(key)).text
            assert "1234" not in answer
            assert expected in answer
    with running(url, lm, slots=2) as server:  # the prompt's filters outlive a restart
        body = {"model": "prompt:app", "prompt": phone, "max_tokens": 2}
        assert (
            "content_filter" in server.post("/v1/completions", body, headers=bearer(lenient)).text
        )
    store.close()


def test_the_log_holds_no_text_unless_it_is_allowed(url, lm, caplog):
    caplog.set_level(logging.INFO, "clova_jax.studio")
    for allowed in (False, True):
        caplog.clear()
        with running(url, lm, settings=Settings("tiny", log_texts=allowed), slots=2) as server:
            server.post("/v1/completions", {"prompt": "비밀스런 글", "max_tokens": 2})
        assert "prompt_tokens" in caplog.text
        assert ("비밀스런" in caplog.text) == allowed


def test_a_host_that_others_reach_wants_a_key(tmp_path, url):
    store = Store(url)
    with pytest.raises(ClovaError, match="there is no key"):
        serve(Settings(host="0.0.0.0"), Served(tmp_path), store, None, 0)
    store.add_key("web")
    with pytest.raises(ClovaError, match="cannot assign|not known|no address"):
        serve(Settings(host="203.0.113.7"), Served(tmp_path), store, None, 0)
    store.close()


def test_a_model_directory_that_is_none_ends_the_server_with_one_line(tmp_path, url):
    from clova_jax.apps import Filters

    store = Store(url)
    with contextlib.suppress(OSError), pytest.raises(ClovaError, match="not a model directory"):
        serve(Settings(), Served(tmp_path), store, Filters(), 0)


def test_addresses_of_this_machine():
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.3.2.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "example.com", "10.0.0.1")))


def test_a_key_is_looked_up_again_after_some_seconds(url):
    store, now = Store(url), [0.0]
    access = Access(store, Settings(host="0.0.0.0"), clock=lambda: now[0])
    key = store.add_key("web")
    assert asyncio.run(access.check(f"Bearer {key}")).name == "web"
    store.revoke_key("web")
    now[0] = 60
    with pytest.raises(ApiError, match="not known"):
        asyncio.run(access.check(f"Bearer {key}"))
    store.close()
