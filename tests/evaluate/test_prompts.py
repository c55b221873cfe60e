"""Prompts: the same for everyone with the same seed, cut at line breaks, whole examples dropped."""

import dataclasses
from pathlib import Path

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import load_task, task_names
from clova_jax.evaluate.prompts import build_prompts, draw_items, too_long_error


def build(task, data, tokenizer, *, shots=2, trial=0, seed=0, max_length=4_096, reserve=16):
    return build_prompts(
        task,
        data,
        data.items,
        tokenizer,
        shots=shots,
        trial=trial,
        seed=seed,
        max_length=max_length,
        reserve=reserve,
    )


@pytest.mark.parametrize("name", task_names())
@pytest.mark.parametrize("shots", [0, 2])
def test_text_and_ids_say_the_same(name: str, shots: int, data: Path, bytes_tokenizer) -> None:
    task = load_task(name)
    loaded = task.load(data)
    tokenizer = bytes_tokenizer()
    prompts, too_long = build(task, loaded, tokenizer, shots=shots)
    assert not too_long
    assert [prompt.item for prompt in prompts] == list(loaded.items)
    for prompt in prompts:
        assert tokenizer.encode(prompt.text) == [*prompt.shared_ids, *prompt.own_ids]
        assert len(prompt.examples) == shots
        assert prompt.text.endswith(prompt.item.text)
        lead = prompt.item.lead or ("" if shots else task.instruction)
        pieces = [lead] if lead else []
        pieces += [task.shown(example) for example in prompt.examples]
        assert prompt.text == task.separator.join([*pieces, prompt.item.text])
        assert not prompt.shared or prompt.own.startswith("\n")


def test_the_shared_part_is_one_a_trial(data: Path, bytes_tokenizer) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    first, second = (build(task, loaded, bytes_tokenizer(), trial=n)[0] for n in (0, 1))
    assert len({prompt.shared for prompt in first}) == 1
    assert first[0].shared != second[0].shared
    assert build(task, loaded, bytes_tokenizer())[0] == first, "the seed decides"
    assert build(task, loaded, bytes_tokenizer(), seed=1)[0][0].shared != first[0].shared


def test_whole_examples_are_dropped_from_the_front_until_it_fits(data, bytes_tokenizer) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    tokenizer = bytes_tokenizer()
    whole = build(task, loaded, tokenizer, shots=8)[0]
    limit = max(len(prompt.text.encode()) for prompt in whole) - 40
    cut = build(task, loaded, tokenizer, shots=8, max_length=limit, reserve=10)[0]
    for before, after in zip(whole, cut, strict=True):
        assert len(after.shared_ids) + len(after.own_ids) + 10 <= limit
        assert after.dropped > 0
        assert after.examples == before.examples[after.dropped :]
        one_more = task.shown(before.examples[after.dropped - 1]) + task.separator
        assert len(after.text.encode()) + len(one_more.encode()) + 10 > limit, "dropped too many"


def test_an_item_longer_than_the_context(data, bytes_tokenizer) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    lengths = sorted({len(item.text.encode()) for item in loaded.items})
    prompts, too_long = build(
        task, loaded, bytes_tokenizer(), max_length=lengths[-1] + 9, reserve=10
    )
    assert [len(item.text.encode()) for item in too_long] == [lengths[-1]] * len(too_long)
    assert len(prompts) + len(too_long) == len(loaded.items)
    error = too_long_error(task, too_long[0], 99)
    assert isinstance(error, ClovaError)
    assert too_long[0].place in str(error)
    assert "99 tokens" in str(error)


def test_items_are_the_same_for_everyone(data) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    some = draw_items(loaded, task, 7, 3)
    assert len(some) == 7
    assert some == draw_items(loaded, task, 7, 3)
    assert some != draw_items(loaded, task, 7, 4)
    order = [loaded.items.index(item) for item in some]
    assert order == sorted(order)
    assert draw_items(loaded, task, None, 0) == list(loaded.items)
    assert draw_items(loaded, task, 1_000, 0) == list(loaded.items)


def test_two_items_with_one_id_are_refused(data: Path) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    first, second, *rest = loaded.items
    items = [first, dataclasses.replace(second, id=first.id), *rest]
    with pytest.raises(
        ClovaError, match=f"{second.place}: the id .* is also that of {first.place}"
    ):
        draw_items(dataclasses.replace(loaded, items=items), task, None, 0)
