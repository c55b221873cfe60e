"""A Studio before another server: a second Studio, and vLLM by what it was recorded to answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


# As vLLM 0.11 answers `POST /v1/completions` with `stream`, `logprobs` and ids for a prompt.
RECORDED = [
    '{"id":"cmpl-1","object":"text_completion","created":1,"model":"hyperclova","choices":[{"index":0,"text":" 옛",'
    '"logprobs":{"text_offset":[0],"token_logprobs":[-1.5],"tokens":[" 옛"],"top_logprobs":[{" 옛":-1.5,"a":-2.0}]},'
    '"finish_reason":null,"stop_reason":null}],"usage":null}',
    '{"id":"cmpl-1","object":"text_completion","created":1,"model":"hyperclova","choices":[{"index":0,"text":"날",'
    '"logprobs":{"text_offset":[2],"token_logprobs":[-0.5],"tokens":["날"],"top_logprobs":[{"날":-0.5}]},'
    '"finish_reason":"length","stop_reason":null}],"usage":null}',
]


class Recorded(BaseHTTPRequestHandler):
    """Answers as vLLM was recorded to."""

    asked: list = []  # noqa: RUF012
    refusal = None

    def do_GET(self):
        self._send(200, json.dumps({"object": "list", "data": [{"id": "hyperclova"}]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((body, self.headers.get("authorization")))
        if Recorded.refusal:
            self._send(*Recorded.refusal)
            return
        events = [f"data: {event}\n\n" for event in [*RECORDED, "[DONE]"]]
        self._send(200, "".join(events), "text/event-stream")

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
    Recorded.asked, Recorded.refusal = [], None

    def backend():
        url = f"http://127.0.0.1:{server.server_port}"
        return UpstreamBackend(url, "hyperclova", lm.tokenizer, 160, key="secret")

    with running(f"sqlite:///{tmp_path}/r.db", backend=backend) as made:
        yield made
    server.shutdown()


def test_vllm_is_sent_ids_and_understood(recorded, lm):
    body = {"prompt": "옛날", "max_tokens": 2, "logprobs": 2, "seed": 7, "stop": ["\n"], "top_k": 5}
    answer = recorded.post("/v1/completions", body).json()
    (choice,) = answer["choices"]
    assert choice["text"] == " 옛날"
    assert choice["finish_reason"] == "length"
    assert choice["logprobs"]["token_logprobs"] == [-1.5, -0.5]
    assert choice["logprobs"]["text_offset"] == [0, 2]
    assert answer["usage"]["completion_tokens"] == 2
    ((asked, key),) = Recorded.asked
    assert key == "Bearer secret"
    assert asked["prompt"] == lm.tokenizer.encode("옛날")
    assert asked["model"] == "hyperclova"
    assert {asked["stream"], asked["logprobs"], asked["seed"], asked["top_k"]} == {True, 2, 7, 5}
    assert "max_new_tokens" not in asked
    assert "logit_bias" not in asked


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
