"""Prompts of a tokenizer whose pieces are other ids apart than together: encoded whole, and scored as such."""

import numpy as np
import pytest

from clova_jax.common.files import read_jsonl
from clova_jax.config import ModelConfig
from clova_jax.evaluate import Item, Task, TaskData, measure, metrics
from clova_jax.evaluate.prompts import (
    build_prompts,
    choice_lengths,
    with_choices,
    without_content,
)
from clova_jax.inference import Model, score_ids
from clova_jax.model import init_params
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from tests.worlds.foreign_tokenizers import byte_level, kogpt2_like

LABELS = {"0": "긍정", "1": "부정"}


def items(count, places="시험"):
    words = ("기차는 여섯 시에", "우리는 손을", "감자는 밭에서", "느티나무 한 그루")
    return [
        Item(str(n), f"{places}:{n}", f"질문: {words[n % 4]} {n}.\n답:", (str(n % 2),))
        for n in range(count)
    ]


def make_task(**more):
    about = {"name": "odd", "files": (), "load": lambda _: TaskData(items(9), items(6, "보기"))}
    about |= {
        "shots": 3,
        "trials": 1,
        "metrics": (metrics.accuracy,),
        "source": "",
        "labels": LABELS,
    }
    return Task(**(about | {"content_free": ("질문: \n답:", "질문: 궯\n답:")} | more))


def foreign(name):
    backend = {"kogpt2": kogpt2_like, "lines": lambda: byte_level(lines_join=True)}[name]()
    return HuggingFaceTokenizer(backend, 1, backend.get_vocab_size())


@pytest.fixture(scope="module", params=["kogpt2", "lines"])
def tokenizer(request):
    return foreign(request.param)


def prompts_of(task, tokenizer, shots, max_length=400):
    data = task.load(None)
    return build_prompts(
        task,
        data,
        data.items,
        tokenizer,
        shots=shots,
        trial=0,
        seed=1,
        max_length=max_length,
        reserve=4,
    )


@pytest.mark.parametrize("shots", [0, 3])
@pytest.mark.parametrize("own", [False, True])
def test_the_ids_are_those_of_the_whole_and_their_beginning_is_shared(tokenizer, shots, own):
    task = make_task(own_examples=own, instruction="고르기:" if own else "")
    prompts, too_long = prompts_of(task, tokenizer, shots)
    assert not too_long
    for prompt in prompts:
        assert list(prompt.shared_ids + prompt.own_ids) == tokenizer.encode(prompt.text)
        assert prompt.own_ids
    if shots and not own:
        (shared,) = {prompt.shared_ids for prompt in prompts}
        assert len(shared) > 30  # read once


def test_examples_are_dropped_by_the_length_of_the_whole(tokenizer):
    task = make_task()
    full, _ = prompts_of(task, tokenizer, 3)
    room = max(len(prompt.shared_ids + prompt.own_ids) for prompt in full) - 1
    prompts, too_long = prompts_of(task, tokenizer, 3, max_length=room + 4)
    assert not too_long
    assert any(prompt.dropped for prompt in prompts)
    assert all(len(prompt.shared_ids + prompt.own_ids) <= room for prompt in prompts)


@pytest.mark.parametrize("shots", [0, 3])
def test_labels_follow_as_they_stand_in_the_whole(tokenizer, shots):
    task = make_task(answer="\n{}")
    prompts, _ = prompts_of(task, tokenizer, shots)
    for prompt, choices in with_choices(tokenizer, prompts, task.choices()):
        for ids, text in zip(choices, task.choices(), strict=True):
            assert ids
            whole = [*prompt.shared_ids, *prompt.own_ids, *ids]
            assert whole == tokenizer.encode(prompt.text + text)
    lengths = choice_lengths(tokenizer, prompts[0], task.choices())
    assert all(length >= 1 for length in lengths)


def test_prompts_without_content_are_whole_too(tokenizer):
    task = make_task()
    prompts, _ = prompts_of(task, tokenizer, 3)
    probes = without_content(task, prompts[0], tokenizer, 400, 4)
    assert [probe.own for probe in probes] == ["\n\n" + blank for blank in task.content_free]
    for probe in probes:
        assert list(probe.shared_ids + probe.own_ids) == tokenizer.encode(probe.text)
    assert without_content(task, prompts[0], tokenizer, 20, 4) == []


@pytest.mark.parametrize("scoring", ["raw", "contextual"])
def test_a_run_scores_what_a_plain_pass_over_the_whole_scores(tmp_path, scoring):
    tokenizer = foreign("kogpt2")
    config = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=256)
    params = init_params(config, 0)
    model = Model(config=config, params=params, tokenizer=tokenizer, mesh=None, dtype=np.float32)
    task = make_task()
    measure(model, task, tmp_path, shots=2, trials=1, seed=1, scoring=scoring, out=tmp_path)
    rows = [row for _, row in read_jsonl(tmp_path / "predictions.jsonl")]
    prompts, _ = build_prompts(
        task,
        task.load(None),
        items(9),
        tokenizer,
        shots=2,
        trial=0,
        seed=1,
        max_length=256,
        reserve=4,
    )
    for prompt, row in zip(prompts, rows, strict=True):
        for label, told in zip(task.choices(), row["logprobs"], strict=True):
            whole = tokenizer.encode(prompt.text + label)
            at = len(tokenizer.encode(prompt.text))
            wanted = score_ids(model, [whole[:at]], [whole[at:]])[0][0]
            assert told == pytest.approx(wanted, abs=1e-4)
