"""The API over HTTP: shapes, fields, errors, streams."""

import json

import httpx
import numpy as np
import pytest

from clova_jax.studio.backends import Part
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Limits, Store
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture(scope="module")
def server(lm, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('api')}/studio.db"
    with running(url, lm, slots=4) as made:
        yield made


JSON = {"Content-Type": "application/json"}


def events(answer):
    """The JSON of each event, and whether `[DONE]` came last."""
    lines = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"], lines[-1] == "[DONE]"


def ask(server, prompt="옛날", **fields):
    return server.post("/v1/completions", {"prompt": prompt, "seed": 1, **fields})


def test_one_text(server, lm):
    answer = ask(server, max_tokens=12, temperature=0.7).json()
    (choice,) = answer["choices"]
    expected = lm.generate(["옛날"], max_new_tokens=12, temperature=0.7, seed=1)
    assert choice["text"] == expected[0]
    assert choice["finish_reason"] in ("length", "stop")
    assert choice["filters"] == {"personal": 2, "curse": 2}
    count = len(lm.tokenizer.encode("옛날"))
    assert answer["usage"]["prompt_tokens"] == count
    assert answer["usage"]["total_tokens"] == count + answer["usage"]["completion_tokens"]
    assert (answer["object"], answer["model"]) == ("text_completion", "tiny")
    assert answer["id"] == f"cmpl-{answer['request_id']}"


def test_prompts_in_every_form_give_the_same(server, lm):
    ids = lm.tokenizer.encode("옛날")
    text = ask(server, max_tokens=5, temperature=0).json()["choices"][0]["text"]
    for prompt, count in (("옛날", 1), (["옛날"] * 2, 2), (ids, 1), ([ids] * 3, 3)):
        choices = ask(server, prompt, max_tokens=5, temperature=0).json()["choices"]
        assert [choice["text"] for choice in choices] == [text] * count
        assert [choice["index"] for choice in choices] == list(range(count))
    assert ask(server, "", max_tokens=2).status_code == 200


def test_n_and_best_of(server, lm):
    several = ask(server, n=3, max_tokens=8).json()["choices"]
    expected = lm.generate(["옛날"], max_new_tokens=8, num_samples=3, seed=1)
    assert [choice["text"] for choice in several] == expected
    best = ask(server, n=1, best_of=3, max_tokens=8).json()
    assert best["choices"][0]["text"] in expected
    assert len(best["choices"]) == 1
    everything = ask(server, n=3, max_tokens=8, logprobs=0).json()["choices"]
    means = [np.mean(choice["logprobs"]["token_logprobs"]) for choice in everything]
    assert best["choices"][0]["text"] == expected[int(np.argmax(means))]


class Told:
    """Is a backend, and a text that it writes: the words it was told, with a score at the end.

    Args:
        tokenizer: of the model.
        texts: (text, score) of each sample.
    """

    lacks, load, failed, max_length = frozenset(), (0, 0), False, 160

    def __init__(self, tokenizer, texts):
        self.tokenizer, self.texts, self.mine = tokenizer, texts, None

    async def write(self, ask):
        made = Told(self.tokenizer, self.texts)
        made.mine = self.texts[ask.sample]
        return made

    async def __aiter__(self):
        (text, score), count = self.mine, 0
        for count, word in enumerate(text.split(), 1):
            yield Part(f"{word} ", tokens=count)
        yield Part("", finish="length", tokens=count, score=score)

    async def aclose(self):
        pass

    close = aclose


def test_the_best_of_several_is_none_that_a_filter_blocked(lm, tmp_path):
    texts = [
        ("이런 씨발" + " 이건 그 뒤로 이어지는 글" * 5, -0.1),  # blocked before its end
        ("이것도 씨발", -0.1),  # blocked at its end
        ("둘째로 좋은 글", -2.0),
        ("점수가 없는 글", None),
        ("가장 좋은 글", -1.0),
    ]
    settings = Settings("tiny", filters={"curse": "block"})
    url = f"sqlite:///{tmp_path}/studio.db"
    with running(url, backend=lambda: Told(lm.tokenizer, texts), settings=settings) as server:
        choices = ask(server, best_of=5, n=4).json()["choices"]
        assert [choice["text"].strip() for choice in choices[:3]] == [
            "가장 좋은 글",
            "둘째로 좋은 글",
            "점수가 없는 글",
        ]
        assert [choice["finish_reason"] for choice in choices] == ["length"] * 3 + [
            "content_filter"
        ]


def test_logprobs_and_echo(server, lm):
    (choice,) = ask(server, max_tokens=6, logprobs=3, echo=True, temperature=0).json()["choices"]
    logprobs = choice["logprobs"]
    prompt = lm.tokenizer.encode("옛날")
    assert choice["text"].startswith("옛날")
    assert logprobs["token_logprobs"][0] is None
    assert logprobs["top_logprobs"][0] is None
    assert len({len(values) for values in logprobs.values()}) == 1
    ids = lm.tokenizer.encode(choice["text"])[: len(prompt)]
    expected = np.log(softmax(lm.logits([ids])[0]))
    for place in range(1, len(prompt)):
        assert np.isclose(
            logprobs["token_logprobs"][place], expected[place - 1, prompt[place]], atol=1e-4
        )
    for token, logprob, top in list(
        zip(logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True)
    )[1:]:
        assert top[token] == logprob
    for logprob, top in list(
        zip(logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True)
    )[len(prompt) :]:
        assert logprob == max(top.values())  # greedy, by equal floats
    scored = ask(server, max_tokens=0, logprobs=1, echo=True).json()["choices"][0]
    assert scored["text"] == "옛날"
    assert len(scored["logprobs"]["tokens"]) == len(prompt)
    assert scored["finish_reason"] == "length"


def softmax(scores):
    scores = np.exp(scores.astype(np.float64) - scores.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)


def test_a_drawn_end_is_among_the_logprobs(server, lm):
    end = lm.tokenizer.end_of_text
    (choice,) = ask(server, max_tokens=5, logprobs=1, logit_bias={str(end): 100}).json()["choices"]
    assert choice["text"] == ""
    assert choice["finish_reason"] == "stop"
    assert choice["logprobs"]["tokens"] == ["<|endoftext|>"]


def test_half_characters_have_names_of_their_own(server, lm):
    text = "뷁"  # in no training text: three bytes
    (choice,) = ask(server, text, max_tokens=0, logprobs=0, echo=True).json()["choices"]
    assert choice["logprobs"]["tokens"] == [f"bytes:\\x{byte:02x}" for byte in text.encode()]
    assert choice["logprobs"]["text_offset"] == [0, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"n": 2},
        {"logprobs": 2},
        {"stop": ["e", "다"]},
        {"echo": True, "logprobs": 1},
        {"stream_options": {"include_usage": True}},
        {"max_tokens": 0, "echo": True},
    ],
)
def test_a_stream_adds_up_to_the_complete_answer(server, fields):
    fields = {"max_tokens": 40, "temperature": 1.2, **fields}
    plain = dict(fields)
    plain.pop("stream_options", None)
    for seed in range(4):
        whole = ask(server, **plain | {"seed": seed}).json()
        streamed = ask(server, stream=True, **fields | {"seed": seed})
        assert streamed.headers["content-type"].startswith("text/event-stream")
        found, done = events(streamed)
        assert done
        for choice in whole["choices"]:
            parts = [
                part for one in found for part in one["choices"] if part["index"] == choice["index"]
            ]
            assert "".join(part["text"] for part in parts) == choice["text"]
            assert parts[-1]["finish_reason"] == choice["finish_reason"]
            if fields.get("logprobs"):
                for name, values in choice["logprobs"].items():
                    assert [one for part in parts for one in part["logprobs"][name]] == values
        if "stream_options" in fields:
            assert found[-1]["usage"] == whole["usage"]
            assert all(one["usage"] is None for one in found[:-1])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"suffix": "x"}, "suffix is not supported"),
        ({"nonsense": 1}, "nonsense: no such field"),
        ({"stream_options": {"x": 1}, "stream": True}, "stream_options.x: no such field"),
        ({"stream_options": {}}, "wants stream=true"),
        ({"prompt": []}, "wants a text, a list of texts"),
        ({"prompt": 5}, "wants a text, a list of texts"),
        ({"prompt": [1, "a"]}, "wants a text, a list of texts"),
        ({"prompt": [99999]}, "outside 0..299"),
        ({"prompt": [-1]}, "outside 0..299"),
        ({"prompt": "가" * 500}, "leave no room in a context of 160"),
        ({"prompt": "a" * 100_000}, "longer than the model's context"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": 9}, "temperature"),
        ({"n": 0}, "n: "),
        ({"n": 3, "best_of": 2}, "is less than n=3"),
        ({"n": 1, "best_of": 2, "stream": True}, "cannot be streamed"),
        ({"logprobs": 6}, "logprobs"),
        ({"logit_bias": {"x": 1}}, "no token id"),
        ({"logit_bias": {"5000": 1}}, "id 5000 is outside"),
        ({"stop": ""}, "1 to 200 characters"),
        ({"seed": 2**64}, "seed"),
        ({"prompt": None}, "wants a text, a list of texts"),
        ({"nonsense": None}, "nonsense: no such field"),
        ({"suffix": None}, "suffix is not supported"),
    ],
)
def test_what_does_not_fit_is_a_400_that_names_it(server, fields, words):
    answer = ask(server, **fields)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


def test_a_null_stands_for_the_default(server):
    nulls = dict.fromkeys(
        ["model", "n", "best_of", "stop", "logit_bias", "logprobs", "echo", "stream", "stream_options",
         "temperature", "top_p", "presence_penalty", "frequency_penalty", "top_k", "min_p", "max_tokens"]
    )  # fmt: skip
    assert ask(server, **nulls).json()["choices"] == ask(server).json()["choices"]


def test_tokens_may_be_named_by_their_ids(server, lm):
    fields = {"max_tokens": 4, "echo": True, "logprobs": 1, "temperature": 0}
    (named,) = ask(server, "뷁", **fields).json()["choices"]
    (by_id,) = ask(server, "뷁", **fields, return_tokens_as_token_ids=True).json()["choices"]
    ids = [int(name.removeprefix("token_id:")) for name in by_id["logprobs"]["tokens"]]
    assert ids[:3] == lm.tokenizer.encode("뷁")
    assert by_id["logprobs"]["token_logprobs"] == named["logprobs"]["token_logprobs"]
    assert by_id["logprobs"]["text_offset"] == named["logprobs"]["text_offset"]
    assert f"token_id:{ids[1]}" in by_id["logprobs"]["top_logprobs"][1]


def test_max_tokens_beyond_the_context_end_there(server, lm):
    always = {str(lm.tokenizer.encode("a")[0]): 100}
    answer = ask(server, max_tokens=100_000, temperature=0, logit_bias=always).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 160


def test_other_mistakes(server):
    assert ask(server, model="gpt-4").status_code == 404
    assert server.get("/nothing").json()["error"]["type"] == "not_found_error"
    assert server.post("/v1/completions", [1]).status_code == 400
    half = b'{"prompt": "\\ud800"}', b'{"prompt": "a", "model": "\\ud800"}', b'{"\\ud800": 1}'
    assert [
        httpx.post(server.url + "/v1/completions", content=one, headers=JSON).status_code
        for one in half
    ] == [400, 404, 400]
    assert httpx.post(server.url + "/v1/completions", content="{", headers=JSON).status_code == 400
    too_much = httpx.post(server.url + "/v1/completions", content=b"x" * (10 << 20), timeout=60)
    assert too_much.status_code == 413
    chunks = httpx.post(
        server.url + "/v1/completions", content=(b"x" * (1 << 20) for _ in range(10)), timeout=60
    )
    assert chunks.status_code == 413
    assert ask(server, max_tokens=1).status_code == 200


def test_tokens_and_back(server, lm):
    tokens = server.post("/tokenize", {"prompt": "옛날 옛적", "return_token_strs": True}).json()
    assert tokens["tokens"] == lm.tokenizer.encode("옛날 옛적")
    assert tokens["count"] == len(tokens["token_strs"])
    assert tokens["max_model_len"] == 160
    back = server.post("/detokenize", {"tokens": tokens["tokens"]}).json()
    assert back == {"prompt": "옛날 옛적"}
    end = server.post("/tokenize", {"prompt": "<|endoftext|>", "add_special_tokens": False})
    assert end.json()["tokens"] == [lm.tokenizer.end_of_text]
    assert server.get("/tokenizer_info").json()["eos_token"] == "<|endoftext|>"
    assert server.post("/detokenize", {"tokens": [9999]}).status_code == 400


def test_turning_texts_into_ids_and_back_is_bounded_and_counts(lm, tmp_path):
    url = f"sqlite:///{tmp_path}/studio.db"
    with running(url, lm, slots=2) as server:
        document = server.post("/tokenize", {"prompt": "가 " * 10_000})
        assert document.json()["count"] > document.json()["max_model_len"]
        long = server.post("/tokenize", {"prompt": "가" * ((1 << 18) + 1)})
        assert long.status_code == 400
        assert long.json()["error"]["param"] == "prompt"
        long = server.post("/detokenize", {"tokens": [65] * ((1 << 20) + 1)})
        assert long.status_code == 400
        assert long.json()["error"]["param"] == "tokens"
        store = Store(url)
        calls = [("/tokenize", {"prompt": "가"}), ("/detokenize", {"tokens": [65]})]
        for name, (path, body) in zip("ab", calls, strict=True):
            key = store.add_key(name, Limits(requests=1))
            server.studio.access._known.clear()
            headers = {"Authorization": f"Bearer {key}"}
            statuses = [server.post(path, body, headers=headers).status_code for _ in range(2)]
            assert statuses == [200, 429]
        store.close()


def test_clova_studios_shape(server, lm):
    body = {
        "text": "옛날 옛적에",
        "start": "\n답:",
        "maxTokens": 8,
        "seed": 3,
        "stopBefore": ["\n"],
    }
    answer = server.post(
        "/v1/completions/tiny", body | {"includeTokens": True, "includeProbs": True}
    )
    assert answer.json()["status"] == {"code": "20000", "message": "OK"}
    result = answer.json()["result"]
    assert result["text"] == "옛날 옛적에\n답:" + result["outputText"]
    assert result["stopReason"] in ("length", "stop_before", "end_token")
    assert result["inputLength"] == len(lm.tokenizer.encode("옛날 옛적에\n답:"))
    assert len(result["probs"]) == result["outputLength"]
    assert all(0 <= value <= 1 for value in result["probs"])
    assert {"groupName": "curse", "name": "insult", "score": "2"} in result["aiFilter"]
    assert server.post("/v1/completions/tiny", {"text": "a", "topP": 2}).status_code == 400
    assert server.post("/v1/completions/LK-D", {"text": "a"}).status_code == 404


def test_status_paths(server):
    assert server.get("/health").json() == {"status": "ok"}
    assert server.get("/ready").json() == {"status": "ready"}
    ask(server, max_tokens=3)
    figures = server.get("/metrics").text
    assert 'clova_requests_total{path="/v1/completions",status="200"}' in figures
    assert "clova_first_text_seconds_bucket" in figures
    models = server.get("/v1/models").json()["data"]
    assert models[0]["id"] == "tiny"
    assert server.get("/v1/models/tiny").json()["id"] == "tiny"
