"""Tuned prompts over HTTP: input gradients, p-tuning from outside, uploads that are used and outlive a restart."""

import httpx
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, Task, TaskData, metrics
from clova_jax.inference import SoftPrompt, Template
from clova_jax.studio.client import StudioClient
from clova_jax.studio.store import Limits, Store
from clova_jax.tuning import PromptEncoderConfig, TuneOptions, tune, tune_outside
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('tuning')}/studio.db"


@pytest.fixture(scope="module")
def server(lm, url):
    with running(url, lm, slots=2) as made:
        yield made


def test_gradients_are_the_same_bits_as_inside(server, lm):
    client = StudioClient(server.url)
    ids, targets = [[65, 66, 300, 301], [67, 68]], [[66, 67, 68, 69], [68, 69]]
    virtual = np.random.default_rng(0).standard_normal((2, 32)).astype(np.float32)
    for options in ({}, {"per_row": True}, {"loss_mask": [[0, 0, 1, 1], [1, 1]]}):
        inside = lm.input_gradients(ids, targets, virtual=virtual, **options)
        outside = client.input_gradients(ids, targets, virtual=virtual, **options)
        assert np.array_equal(inside[0], outside[0])
        assert np.array_equal(inside[1], outside[1])
    assert client.tokenizer.encode("옛날") == lm.tokenizer.encode("옛날")
    assert client.tokenizer.encode_batch(["가", "나"]) == lm.tokenizer.encode_batch(["가", "나"])
    assert client.tokenizer.end_of_text == lm.tokenizer.end_of_text
    assert (client.config.vocab_size, client.config.embed_dim) == (300, 32)
    assert client.fingerprint == lm.fingerprint


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ids": [[1]], "targets": [[1, 2]]}, "differ in their lengths"),
        ({"ids": [[999]], "targets": [[1]]}, "outside 0..299"),
        ({"ids": [[]], "targets": [[]]}, "at least one token"),
        ({"ids": [[1]], "targets": [[1]], "loss_mask": [[2]]}, "wants 0 or 1"),
        ({"ids": [[1]], "targets": [[1]], "virtual": {"shape": [1, 32], "data": "?"}}, "no base64"),
        (
            {"ids": [[1]], "targets": [[1]], "virtual": {"shape": [1, 3], "data": "AAAA"}},
            "3 bytes of data",
        ),
        ({"ids": [[1] * 200], "targets": [[1] * 200]}, "context is 160"),
        ({"ids": [[1]], "targets": [[1]], "virtual": {"shape": [0, 32], "data": ""}}, "wants rows"),
        (
            {"ids": [[1]], "targets": [[1]], "virtual": {"shape": [2**31, 2**31, 0], "data": ""}},
            "wants rows",
        ),
    ],
)
def test_mistakes_with_gradients_are_named(server, fields, words):
    answer = server.post("/v1/input_gradients", fields)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


class Untouched:
    """A model that nothing may be asked of."""

    def input_gradients(self, *_, **__):
        raise AssertionError("the model was asked")


def test_gradients_count_by_rows_times_the_longest_and_too_many_are_refused(lm, tmp_path):
    address = f"sqlite:///{tmp_path}/studio.db"
    rows = [[1]] * 1023 + [[1] * 2048]  # some KB, of 3,071 ids
    with running(address, lm, slots=2) as made:
        made.studio.lm = Untouched()
        refused = made.post("/v1/input_gradients", {"ids": rows, "targets": rows})
        assert refused.status_code == 400
        message = refused.json()["error"]["message"]
        assert "1,024 rows, the longest of 2,048 tokens" in message
        store = Store(address)
        headers = {"Authorization": f"Bearer {store.add_key('web', Limits(tokens=100))}"}
        store.close()
        made.studio.access._known.clear()
        rows = [[1] * 60, [1]]
        refused = made.post("/v1/input_gradients", {"ids": rows, "targets": rows}, headers=headers)
        assert refused.status_code == 429
        assert "may take 120 tokens" in refused.json()["error"]["message"]


def test_a_prompt_is_uploaded_used_listed_deleted_and_outlives_a_restart(server, lm, url):
    client = StudioClient(server.url)
    rng = np.random.default_rng(1)
    made = {
        name: SoftPrompt(
            rng.standard_normal((count, 32)).astype(np.float32),
            Template.parse(f"[P]*{count - 1} 글: {{text}} [P]"),
            lm.fingerprint,
        )
        for name, count in (("하나", 4), ("two", 300))
    }
    for name, prompt in made.items():
        client.save_prompt(name, prompt)
    with running(url, lm, slots=2) as again:
        for where in (server, again):
            for name, prompt in made.items():
                body = {
                    "model": f"prompt:{name}",
                    "prompt": "옛날",
                    "max_tokens": 3,
                    "temperature": 0,
                }
                if name == "two":  # longer than the context
                    assert where.post("/v1/completions", body).status_code == 400
                    continue
                answer = where.post("/v1/completions", body | {"echo": True, "logprobs": 1}).json()
                assert "choices" in answer, answer
                expected = lm.generate(["옛날"], prompt=prompt, max_new_tokens=3, temperature=0)
                assert answer["choices"][0]["text"] == "옛날" + expected[0]
                assert answer["choices"][0]["logprobs"]["token_logprobs"][0] is not None
    plain = server.post("/v1/completions", {"prompt": "옛날", "max_tokens": 3, "temperature": 0})
    assert (
        plain.json()["choices"][0]["text"]
        == lm.generate(["옛날"], max_new_tokens=3, temperature=0)[0]
    )
    assert [row["name"] for row in server.get("/v1/prompts").json()["data"]] == ["하나", "two"]
    for row in server.get("/v1/prompts").json()["data"]:
        assert Template.parse(row["template"]) == made[row["name"]].template
    assert "prompt:하나" in [row["id"] for row in server.get("/v1/models").json()["data"]]
    for status in (200, 404):
        assert httpx.delete(server.url + "/v1/prompts/하나").status_code == status
    gone = server.post("/v1/completions", {"model": "prompt:하나", "prompt": "a"})
    assert gone.status_code == 404


def test_prompts_that_do_not_fit_are_refused(server, lm):
    good = {
        "name": "x",
        "model": lm.fingerprint,
        "template": "[P] {text}",
        "vectors": {"shape": [1, 32], "data": "A" * 170 + "A="},
    }
    for change, words in (
        ({"model": "0" * 16}, "tuned on model"),
        ({"template": "[P]"}, "wants {text} once"),
        ({"template": "[P]*2 {text}"}, "vectors, but template"),
        ({"name": "a/b"}, "name"),
        ({"vectors": {"shape": [32], "data": "A" * 170 + "A="}}, "wants rows of numbers"),
    ):
        answer = server.post("/v1/prompts", good | change)
        assert answer.status_code == 400, answer.text
        assert words in answer.json()["error"]["message"]
    assert server.post("/v1/prompts", good).status_code == 201
    taken = server.post("/v1/prompts", good)
    assert taken.json()["error"]["code"] == "name_taken"


def test_a_template_that_no_pattern_says_is_not_uploaded(server, lm):
    for words in (" 글", "[P] 글", "{text} 글"):
        prompt = SoftPrompt(np.ones((1, 32), np.float32), Template((1, words)), lm.fingerprint)
        with pytest.raises(ClovaError, match="template"):
            StudioClient(server.url).save_prompt("words", prompt)


def test_an_empty_text_before_virtual_tokens_is_echoed_with_its_logprobs(server, lm):
    vectors = np.random.default_rng(2).standard_normal((2, 32)).astype(np.float32)
    prompt = SoftPrompt(vectors, Template.parse("{text} [P]*2"), lm.fingerprint)
    StudioClient(server.url).save_prompt("behind", prompt)
    body = {"model": "prompt:behind", "prompt": ["", "옛날"], "max_tokens": 2, "temperature": 0}
    answer = server.post("/v1/completions", body | {"echo": True, "logprobs": 1})
    assert answer.status_code == 200, answer.text
    for text, choice in zip(["", "옛날"], answer.json()["choices"], strict=True):
        assert choice["text"].startswith(text)
        count = len(lm.tokenizer.encode(text)) + 2
        assert len(choice["logprobs"]["token_logprobs"]) == count


def task_of(texts):
    """A task whose answer is the text's last letter."""
    items = [Item(str(i), f"made:{i}", text, (text[-1],)) for i, text in enumerate(texts)]
    return Task(
        name="letters",
        files=(),
        load=lambda folder: TaskData(items[:4], items[4:]),
        shots=2,
        trials=1,
        metrics=(metrics.accuracy,),
        labels={"x": "x", "y": "y"},
        separator="\n",
        source="test",
    )


def test_p_tuning_over_http_gives_the_same_prompt_as_inside(server, lm):
    task = task_of([f"{'xy'[i % 2]}{i} {'xy'[i % 2]}" for i in range(40)])
    items = task.load(None).items + task.load(None).pool
    config = PromptEncoderConfig(4, "MLP", encoder_hidden_size=8)
    options = TuneOptions(steps=3, batch_size=4, learning_rate=1e-2, evaluate_every=3, seed=5)
    over_http, _ = tune_outside(StudioClient(server.url), task, items, config, options)
    in_process, _ = tune_outside(lm, task, items, config, options)
    assert np.array_equal(over_http.vectors, in_process.vectors)
    inside = tune(lm, task, items, config, options).prompt
    np.testing.assert_allclose(over_http.vectors, inside.vectors, atol=1e-4)
    StudioClient(server.url).save_prompt("letters", over_http)
    answer = server.post(
        "/v1/completions",
        {"model": "prompt:letters", "prompt": "x1", "max_tokens": 4, "temperature": 0},
    )
    expected = lm.generate(["x1"], prompt=over_http, max_new_tokens=4, temperature=0)
    assert answer.json()["choices"][0]["text"] == expected[0]
