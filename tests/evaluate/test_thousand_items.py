"""A thousand real NSMC items: the shared prefix changes no label and no score."""

import jax
import numpy as np
import pytest

from clova_jax.evaluate import load_task
from clova_jax.evaluate.prompts import build_prompts, draw_items
from clova_jax.inference.scoring import score_choices
from clova_jax.model import bind

TIME = 512


@pytest.mark.slow
def test_the_same_labels_on_a_thousand_items(model, real_data) -> None:
    task = load_task("nsmc")
    loaded = task.load(real_data)
    items = draw_items(loaded, task, 1_000, 0)
    choices = [model.tokenizer.encode(choice) for choice in task.choices()]
    prompts, too_long = build_prompts(
        task,
        loaded,
        items,
        model.tokenizer,
        shots=2,
        trial=0,
        seed=0,
        max_length=TIME,
        reserve=max(map(len, choices)),
    )
    assert not too_long
    groups: dict[tuple, list[int]] = {}
    for i, prompt in enumerate(prompts):
        groups.setdefault(prompt.shared_ids, []).append(i)
    ours = np.zeros((1_000, 2))
    for shared, members in groups.items():
        contexts = [list(prompts[i].own_ids) for i in members]
        ours[members] = score_choices(model, list(shared), contexts, [choices] * len(contexts))

    @jax.jit
    def plain(params, ids):
        hidden, _ = bind(model.config, params)(ids)
        return jax.nn.log_softmax(bind(model.config, params).logits(hidden))

    wholes = [
        [*prompt.shared_ids, *prompt.own_ids, *choice] for prompt in prompts for choice in choices
    ]
    theirs = np.zeros(2_000)
    for at in range(0, 2_000, 8):
        rows = np.zeros((8, TIME), np.int32)
        for row, ids in enumerate(wholes[at : at + 8]):
            rows[row, : len(ids)] = ids
        told = np.asarray(plain(model.params, rows), np.float64)
        for row, ids in enumerate(wholes[at : at + 8]):
            count = len(choices[(at + row) % 2])
            ends = range(len(ids) - count, len(ids))
            theirs[at + row] = sum(told[row, i - 1, ids[i]] for i in ends)
    theirs = theirs.reshape(1_000, 2)
    assert np.abs(ours - theirs).max() < 1e-4
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).all()
