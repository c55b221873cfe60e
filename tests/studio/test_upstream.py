"""A Studio before another server: a second Studio, and vLLM by what it was recorded to answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from clova_jax.studio.backends import UpstreamBackend
from clova_jax.studio.store import Store
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("upstream")


@pytest.fixture(scope="module")
def below(lm, folder):
    with running(f"sqlite:///{folder}/below.db", lm, slots=4, waiting=8) as made:
        yield made


@pytest.fixture(scope="module")
def above(lm, below, folder):
    def backend():
        return UpstreamBackend(below.url, "tiny", lm.tokenizer, 160)

    with running(f"sqlite:///{folder}/above.db", backend=backend) as made:
        yield made


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0},
        {"temperature": 0.9, "top_p": 0.9, "stop": ["e"]},
        {"logprobs": 2, "echo": True},
        {"max_tokens": 0, "echo": True, "logprobs": 1},
        {"logit_bias": {"65": 3}, "frequency_penalty": 0.5},
        {"prompt": ["가", "나"], "temperature": 0},
        {"logprobs": 1, "temperature": 1.2, "max_tokens": 30, "stop": ["a", "다"]},
    ],
)
def test_a_studio_before_a_studio_answers_the_same(above, below, fields):
    body = {"prompt": "옛날", "seed": 1, "max_tokens": 12, **fields}
    for stream in (False, True):
        found, expected = (
            server.post("/v1/completions", body | {"stream": stream}) for server in (above, below)
        )
        assert found.status_code == expected.status_code == 200
        if stream:
            assert _text(found) == _text(expected)
        else:
            assert found.json()["choices"] == expected.json()["choices"]


@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_of_several_are_chosen_before_an_upstream_too(above, seed):
    body = {"prompt": "옛날", "seed": seed, "max_tokens": 12}

    def ask(**fields):
        return above.post("/v1/completions", body | fields).json()["choices"]

    several, best = ask(n=5, logprobs=0), ask(n=2, best_of=5)
    several.sort(key=lambda choice: -np.mean(choice["logprobs"]["token_logprobs"]))
    assert [choice["text"] for choice in best] == [choice["text"] for choice in several[:2]]
    assert [choice["logprobs"] for choice in best] == [None, None]


def _text(answer):
    found = {}
    for line in answer.text.split("\n"):
        if line.startswith("data: {"):
            for choice in json.loads(line[6:])["choices"]:
                found[choice["index"]] = found.get(choice["index"], "") + choice["text"]
    return found


def test_what_the_upstream_lacks_shows_as_missing(above, lm):
    assert above.get("/v1/models").json()["data"][0]["lacks"] == ["gradients", "prompts"]
    for path, body in (
        ("/v1/input_gradients", {"ids": [[1]], "targets": [[1]]}),
        (
            "/v1/prompts",
            {
                "name": "a",
                "model": "m",
                "template": "{text}",
                "vectors": {"shape": [0], "data": ""},
            },
        ),
    ):
        answer = above.post(path, body)
        assert answer.status_code == 404
        assert "upstream" in answer.json()["error"]["message"]
    assert above.post("/tokenize", {"prompt": "옛날"}).json()["tokens"] == lm.tokenizer.encode(
        "옛날"
    )


def test_rules_and_filters_stay_before_the_upstream(above, folder, lm):
    store = Store(f"sqlite:///{folder}/above.db")
    key = store.add_key("web", filters={"personal": "mask"})
    above.studio.access._known.clear()
    headers = {"Authorization": f"Bearer {key}"}
    body = {"prompt": "전화 010-1234-5678", "max_tokens": 2, "echo": True}
    assert "1234" not in above.post("/v1/completions", body, headers=headers).text
    assert above.post("/v1/completions", body).status_code == 401
    store.revoke_key("web")
    above.studio.access._known.clear()
    store.close()


HEAD = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "hyperclova"}
DEFAULTS = {"prompt_token_ids": None, "token_ids": None}


def vllm_logprobs(ids, offset=0):
    """The log-probabilities of vLLM with `return_tokens_as_token_ids`; its offsets count the characters of these names."""
    tokens = [f"token_id:{token}" for token in ids]
    offsets = [offset + sum(map(len, tokens[:at])) for at in range(len(tokens))]
    tops = [{name: -0.5 - at, "token_id:7": -9999.0} for at, name in enumerate(tokens)]
    return {
        "text_offset": offsets,
        "token_logprobs": [-0.5 - at for at in range(len(tokens))],
        "tokens": tokens,
        "top_logprobs": tops,
    }


def vllm_events(lm, steps, usage=True):
    """Events as `completion_stream_generator` of vLLM makes them: deltas, then the usage, which `stream_options` wants.

    Args:
        steps: (new text, new ids, finish_reason, stop_reason) each. A text may lag behind its ids: half characters, and
            what could be a stop string.
    """
    offset, count, found = 0, 0, []
    for text, ids, finish, reason in steps:
        choice = {"index": 0, "text": text, "logprobs": vllm_logprobs(ids, offset)}
        choice |= {"finish_reason": finish, "stop_reason": reason, **DEFAULTS}
        found.append(json.dumps({**HEAD, "choices": [choice]}))
        offset, count = offset + len(text), count + len(ids)
    total = {"prompt_tokens": 2, "total_tokens": 2 + count, "completion_tokens": count}
    return [*found, *([json.dumps({**HEAD, "choices": [], "usage": total})] if usage else [])]


class Recorded(BaseHTTPRequestHandler):
    """Answers as vLLM does."""

    asked: list = []  # noqa: RUF012
    events: list = []  # noqa: RUF012
    refusal = None

    def do_GET(self):
        self._send(200, json.dumps({"object": "list", "data": [{"id": "hyperclova"}]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((body, self.headers.get("authorization")))
        if Recorded.refusal:
            self._send(*Recorded.refusal)
            return
        if body.get("stream"):
            events = [f"data: {event}\n\n" for event in [*Recorded.events, "[DONE]"]]
            self._send(200, "".join(events), "text/event-stream; charset=utf-8")
            return
        logprobs = vllm_logprobs(body["prompt"][0])
        logprobs["token_logprobs"][0] = logprobs["top_logprobs"][0] = None
        choice = {"index": 0, "text": "echoed", "logprobs": logprobs, "finish_reason": "length"}
        choice |= {"stop_reason": None, "prompt_logprobs": None, **DEFAULTS}
        self._send(200, json.dumps({**HEAD, "choices": [choice]}))

    def _send(self, status, text, kind="application/json"):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def recorded(lm, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Recorded.asked, Recorded.refusal, Recorded.events = [], None, []

    def backend():
        url = f"http://127.0.0.1:{server.server_port}"
        return UpstreamBackend(url, "hyperclova", lm.tokenizer, 160, key="secret")

    with running(f"sqlite:///{tmp_path}/r.db", backend=backend) as made:
        yield made
    server.shutdown()


def test_vllm_is_sent_ids_and_understood(recorded, lm):
    half, rest = lm.tokenizer.encode("뷁")[:1], lm.tokenizer.encode("뷁")[1:]
    end = lm.tokenizer.end_of_text
    steps = [("", half, None, None), ("뷁", rest, None, None), ("", [end], "stop", None)]
    Recorded.events = vllm_events(lm, steps)
    body = {"prompt": "옛날", "max_tokens": 9, "logprobs": 2, "seed": 7, "stop": ["\n"], "top_k": 5}
    answer = recorded.post("/v1/completions", body).json()
    (choice,) = answer["choices"]
    assert choice["text"] == "뷁"
    assert choice["finish_reason"] == "stop"
    names = [f"bytes:\\x{byte:02x}" for byte in "뷁".encode()]
    assert choice["logprobs"]["tokens"] == [*names, "<|endoftext|>"]
    assert choice["logprobs"]["token_logprobs"] == [-0.5, -0.5, -1.5, -0.5]
    assert choice["logprobs"]["text_offset"] == [0, 0, 0, 1]
    assert choice["logprobs"]["top_logprobs"][0][names[0]] == -0.5
    assert answer["usage"]["completion_tokens"] == 4
    ((asked, key),) = Recorded.asked
    assert key == "Bearer secret"
    assert asked["prompt"] == lm.tokenizer.encode("옛날")
    assert asked["model"] == "hyperclova"
    assert {asked["stream"], asked["logprobs"], asked["seed"], asked["top_k"]} == {True, 2, 7, 5}
    assert asked["return_tokens_as_token_ids"]
    assert asked["stream_options"] == {"include_usage": True}
    assert "max_new_tokens" not in asked
    assert "logit_bias" not in asked


def test_the_tokens_of_a_stop_string_are_no_part_of_vllms_text(recorded, lm):
    a, b, stop = (lm.tokenizer.encode(text) for text in ("a", "b", "XY"))
    steps = [("a", a, None, None), ("", [*b, *stop[:1]], None, None), ("b", stop[1:], "stop", "XY")]
    Recorded.events = vllm_events(lm, steps)
    fields = {"prompt": "a", "max_tokens": 9, "stop": ["XY"]}
    for stream in (False, True):
        answer = recorded.post("/v1/completions", {**fields, "logprobs": 0, "stream": stream})
        if stream:
            assert _text(answer) == {0: "ab"}
        else:
            (choice,) = answer.json()["choices"]
            assert (choice["text"], choice["logprobs"]["tokens"]) == ("ab", ["a", "b"])
            assert answer.json()["usage"]["completion_tokens"] == 2 + len(stop)
    clova = recorded.post("/v1/completions/tiny", {"text": "a", "stopBefore": ["XY"]}).json()
    assert clova["result"]["stopReason"] == "stop_before"


def test_vllms_echo_is_scored_by_ids(recorded, lm):
    body = {"prompt": "뷁", "max_tokens": 0, "echo": True, "logprobs": 1}
    (choice,) = recorded.post("/v1/completions", body).json()["choices"]
    assert choice["text"] == "뷁"
    assert choice["logprobs"]["token_logprobs"] == [None, -1.5, -2.5]
    assert choice["logprobs"]["text_offset"] == [0, 0, 0]
    assert Recorded.asked[-1][0]["prompt"] == [lm.tokenizer.encode("뷁")]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "in the middle"),
        (
            [json.dumps({"error": {"message": "CUDA", "type": "x", "param": None, "code": 500}})],
            "CUDA",
        ),
        (
            [json.dumps({**HEAD, "choices": [{"index": 0, "text": "", "finish_reason": "abort"}]})],
            "abort",
        ),
        (['{"half'], "upstream"),
    ],
)
def test_a_stream_of_the_upstream_that_breaks_ends_ours_with_an_error(recorded, events, words):
    Recorded.events = events
    refused = recorded.post("/v1/completions", {"prompt": "a"})
    assert refused.status_code == 503
    assert words in refused.json()["error"]["message"]
    streamed = recorded.post("/v1/completions", {"prompt": "a", "stream": True}).text
    assert words in streamed
    assert "[DONE]" not in streamed


def test_logprobs_are_asked_of_the_upstream_only_where_they_choose(recorded, lm):
    Recorded.events = vllm_events(lm, [("a", [65], "length", None)])
    for fields, asked in (({}, None), ({"n": 2}, None), ({"best_of": 2}, 0)):
        body = {"prompt": "a", "max_tokens": 1, **fields}
        assert recorded.post("/v1/completions", body).json()["choices"][0]["logprobs"] is None
        assert Recorded.asked[-1][0].get("logprobs") == asked


def test_the_largest_seed_stays_within_what_vllm_takes(recorded, lm):
    Recorded.events = vllm_events(lm, [("a", [65], "length", None)])
    body = {"prompt": ["a", "b"], "seed": 2**63 - 1, "n": 2, "max_tokens": 1}
    assert recorded.post("/v1/completions", body).status_code == 200
    seeds = [asked["seed"] for asked, _ in Recorded.asked]
    assert len(set(seeds)) == 4
    assert all(-(2**63) <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        ((400, '{"error": {"message": "too long", "code": 400}}'), 400, "too long"),
        ((400, '{"object": "error", "message": "too long"}'), 400, "too long"),
        ((401, '{"error": "Unauthorized"}'), 503, "Unauthorized"),
        ((500, "oops"), 503, "status 500"),
    ],
)
def test_refusals_of_the_upstream(recorded, refusal, status, words):
    Recorded.refusal = refusal
    for stream in (True, False):
        answer = recorded.post("/v1/completions", {"prompt": "a", "stream": stream})
        assert answer.status_code == status
        assert words in answer.json()["error"]["message"]


def test_an_upstream_that_is_gone_is_a_503(lm, tmp_path):
    def backend():
        return UpstreamBackend("http://127.0.0.1:9", "m", lm.tokenizer, 160)

    with running(f"sqlite:///{tmp_path}/r.db", backend=backend) as made:
        answer = made.post("/v1/completions", {"prompt": "a"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
