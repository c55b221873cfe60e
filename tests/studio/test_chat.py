"""Chat completions over HTTP: the template, OpenAI's shape, streams, filters, limits, a model without a template."""

import json

import httpx
import pytest

from clova_jax.model import ChatTemplate, Message, Role
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Limits, Store
from tests.studio.studio_world import make_model, running

TEMPLATE = ChatTemplate(Role("", "\n\n"), Role("질문: ", "\n"), Role("답변: ", "\n\n"))
SAID = [{"role": "system", "content": "짧게"}, {"role": "user", "content": "옛날"}]


@pytest.fixture(scope="module")
def lm():
    return make_model().with_chat(TEMPLATE)


@pytest.fixture(scope="module")
def server(lm, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('chat')}/studio.db"
    with running(url, lm, slots=4) as made:
        yield made


def ask(server, messages=SAID, **fields):
    return server.post("/v1/chat/completions", {"messages": messages, "seed": 1, **fields})


def events(answer):
    """The JSON of each event, and whether `[DONE]` came last."""
    lines = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"], lines[-1] == "[DONE]"


def test_an_answer_continues_the_template(server, lm):
    answer = ask(server, max_tokens=12, temperature=0.7).json()
    prompt = TEMPLATE.prompt([Message(**one) for one in SAID])
    (expected,) = lm.generate([prompt], max_new_tokens=12, temperature=0.7, seed=1)
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": expected.lstrip()}
    assert choice["finish_reason"] in ("length", "stop")
    assert choice["filters"] == {"personal": 2, "curse": 2}
    assert (answer["object"], answer["model"]) == ("chat.completion", "tiny")
    assert answer["id"] == f"chatcmpl-{answer['request_id']}"
    assert answer["usage"]["prompt_tokens"] == len(lm.tokenizer.encode(prompt))


def test_content_may_come_in_parts_and_nulls_are_defaults(server):
    parts = [{"role": "user", "content": [{"type": "text", "text": t} for t in ("옛", "날")]}]
    plain = [{"role": "user", "content": "옛날"}]
    first = ask(server, parts, max_completion_tokens=5, max_tokens=None).json()["choices"]
    assert first == ask(server, plain, max_tokens=5).json()["choices"]


@pytest.mark.parametrize("fields", [{}, {"n": 2}, {"stream_options": {"include_usage": True}}])
def test_a_stream_adds_up_to_the_complete_answer(server, fields):
    for seed in range(4):
        given = {"max_tokens": 24, "temperature": 1.2, "seed": seed}
        whole = ask(server, **given | {k: v for k, v in fields.items() if k == "n"}).json()
        streamed = ask(server, stream=True, **given | fields)
        assert streamed.headers["content-type"].startswith("text/event-stream")
        found, done = events(streamed)
        assert done
        assert {one["object"] for one in found} == {"chat.completion.chunk"}
        for choice in whole["choices"]:
            own = [c for e in found for c in e["choices"] if c["index"] == choice["index"]]
            assert (
                "".join(c["delta"].get("content", "") for c in own)
                == (choice["message"]["content"])
            )
            assert [c["delta"].get("role") for c in own] == ["assistant"] + [None] * (len(own) - 1)
            assert own[-1]["finish_reason"] == choice["finish_reason"]
            assert own[-1]["filters"] == choice["filters"]
        if "stream_options" in fields:
            assert found[-1]["usage"] == whole["usage"]
            assert found[-1]["choices"] == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [*SAID, {"role": "assistant", "content": ""}]}, "the last one is to be"),
        ({"messages": [{"role": "bot", "content": ""}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "a list of parts"),
        ({"messages": [{"role": "user", "content": "가" * 500}]}, "leave no room|longer than"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "a list of"),
        ({"echo": True}, "echo"),
        ({"model": "other"}, "there is none of this name"),
        ({"stream_options": {}}, "wants stream=true"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(server, fields, message):
    answer = server.post("/v1/chat/completions", {"messages": SAID} | fields)
    assert answer.status_code in (400, 404)
    error = answer.json()["error"]
    assert httpx.codes.is_client_error(answer.status_code)
    found = f"{error['param']} {error['message']}"
    assert any(part in found for part in message.split("|"))


def test_a_model_without_a_template_says_so(tmp_path):
    with running(f"sqlite:///{tmp_path}/studio.db", make_model()) as server:
        answer = ask(server)
        assert answer.status_code == 400
        assert answer.json()["error"] == {
            "message": "model 'tiny' has no chat template: it continues texts; ask /v1/completions",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "no_chat_template",
        }
        assert server.get("/v1/models").json()["data"][0]["chat"] is False
        assert server.get("/tokenizer_info").json()["chat_template"] is None


def test_models_say_that_they_chat(server):
    assert server.get("/v1/models").json()["data"][0]["chat"] is True
    assert "질문: " in server.get("/tokenizer_info").json()["chat_template"]


def test_filters_keys_and_records_are_those_of_completions(lm, tmp_path):
    url, path = f"sqlite:///{tmp_path}/studio.db", "/v1/chat/completions"
    key = {"Authorization": f"Bearer {Store(url).add_key('one', Limits(requests=4))}"}
    settings = Settings("tiny", log_texts=True, filters={"personal": "block"})
    with running(url, lm, settings=settings) as server:
        body = {"messages": [{"role": "user", "content": "제 번호는 010-1234-5678이에요"}]}
        (choice,) = server.post(path, body, headers=key).json()["choices"]
        assert choice["finish_reason"] == "content_filter"
        assert choice["message"]["content"] == ""
        found, done = events(server.post(path, body | {"stream": True}, headers=key))
        assert done
        assert found[-1]["choices"][0]["finish_reason"] == "content_filter"
        assert len(server.get("/v1/requests", headers=key).json()["data"]) == 2
        body = {"messages": SAID, "max_tokens": 2}
        assert server.post(path, body).status_code == 401
        answers = [server.post(path, body, headers=key) for _ in range(4)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert "Retry-After" in answers[-1].headers


def test_the_openai_client_chats(server):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="EMPTY", max_retries=0)
    options = {"model": "tiny", "messages": SAID, "max_tokens": 10, "seed": 1}
    made = client.chat.completions.create(**options)
    parts = client.chat.completions.create(**options, stream=True)
    text = "".join(p.choices[0].delta.content or "" for p in parts if p.choices)
    assert text == made.choices[0].message.content
    with pytest.raises(openai.BadRequestError, match="the last one is to be the user's"):
        client.chat.completions.create(
            model="tiny", messages=[{"role": "assistant", "content": ""}]
        )
