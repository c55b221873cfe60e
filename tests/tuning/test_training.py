"""Runs: inside and outside alike, resume, early stopping, refusals."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import Item
from clova_jax.inference import SoftPrompt, Template
from clova_jax.tuning import (
    AutoPromptConfig,
    FineTuningConfig,
    LoraConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    TuneOptions,
    tune,
    tune_outside,
)
from clova_jax.tuning.examples import Batches, Example, make_contexts, split
from clova_jax.tuning.loop import GradientSteps, run_steps

ENCODER = PromptEncoderConfig(4, "MLP", encoder_hidden_size=8)
LSTM = PromptEncoderConfig(4, "LSTM", encoder_hidden_size=8)
FEW = TuneOptions(steps=6, batch_size=8, learning_rate=1e-2, evaluate_every=3, seed=5)


class Api:
    """A language model behind a wall: what the input-gradient API offers, and no parameters."""

    def __init__(self, lm):
        self.config, self.tokenizer, self.fingerprint = lm.config, lm.tokenizer, lm.fingerprint
        self.input_gradients = lm.input_gradients


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labels", "texts"])
def test_tuning_from_outside_equals_tuning_inside(lm, name, request):
    task = request.getfixturevalue(name)
    items = task.load(None).pool[:60]
    inside = tune(lm, task, items, LSTM, FEW)
    prompt, tuned = tune_outside(Api(lm), task, items, LSTM, FEW)
    np.testing.assert_allclose(prompt.vectors, inside.prompt.vectors, atol=1e-4)
    for ours, theirs in zip(tuned.history, inside.tuned.history, strict=True):
        assert ours["dev_loss"] == pytest.approx(theirs["dev_loss"], abs=1e-4)
    contexts = [item.text for item in items[:5]]
    np.testing.assert_allclose(
        lm.score(contexts, ["yes"] * 5, prompt=prompt),
        lm.score(contexts, ["yes"] * 5, prompt=inside.prompt),
        atol=1e-3,
    )


def test_what_needs_the_weights_is_refused_from_outside(lm, labels):
    for config in (LoraConfig(), FineTuningConfig(), AutoPromptConfig(), PromptTuningConfig(4)):
        with pytest.raises(ClovaError, match="cannot be tuned from outside"):
            tune_outside(Api(lm), labels, labels.load(None).pool, config, FEW)


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(r=2),
        pytest.param(PromptTuningConfig(4), marks=pytest.mark.slow),
        pytest.param(FineTuningConfig(), marks=pytest.mark.slow),
    ],
)
def test_every_method_learns_and_leaves_the_model_alone(lm, texts, config):
    before = jax.tree.map(np.array, lm.params)
    options = TuneOptions(steps=20, batch_size=16, learning_rate=2e-2, evaluate_every=20)
    found = tune(lm, texts, texts.load(None).pool, config, options)
    history = found.tuned.history
    assert history[-1]["dev_loss"] < history[0]["dev_loss"] - 0.1
    for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(lm.params), strict=True):
        np.testing.assert_array_equal(a, b)


def test_autoprompt_finds_words_that_lower_the_loss(lm, texts):
    options = TuneOptions(steps=16, batch_size=16, evaluate_every=8)
    found = tune(lm, texts, texts.load(None).pool, AutoPromptConfig(4, 6), options)
    assert found.tuned.best_loss < found.tuned.history[0]["dev_loss"]
    table = np.asarray(lm.params["embedding"])
    assert all((row == table).all(axis=1).any() for row in found.prompt.vectors)
    assert len(found.prompt.about["words"]) == 4


def test_a_stopped_run_goes_on_to_the_same_end(lm, labels, tmp_path):
    items = labels.load(None).pool[:80]
    whole = tune(lm, labels, items, ENCODER, FEW, out=tmp_path / "whole")
    stop, steps = StopSignals(), []

    class After(StopSignals):
        @property
        def requested(self):
            steps.append(1)
            return "SIGINT" if len(steps) == 4 else None

        @requested.setter
        def requested(self, value):
            pass

    with pytest.raises(Stopped):
        tune(lm, labels, items, ENCODER, FEW, out=tmp_path / "cut", stop=After())
    run = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert [row["step"] for row in run["history"]] == [0, 3]
    again = tune(lm, labels, items, ENCODER, FEW, out=tmp_path / "cut", stop=stop)
    assert again.tuned.history[-1] == pytest.approx(whole.tuned.history[-1], nan_ok=True)
    np.testing.assert_array_equal(again.prompt.vectors, whole.prompt.vectors)
    saved = SoftPrompt.load(tmp_path / "cut" / "prompt")
    np.testing.assert_array_equal(saved.vectors, whole.prompt.vectors)
    with pytest.raises(ClovaError, match=r"learning_rate=0.01, this one has 0.5"):
        options = TuneOptions(**{**FEW.__dict__, "learning_rate": 0.5})
        tune(lm, labels, items, ENCODER, options, out=tmp_path / "cut")


def test_it_stops_early_and_keeps_the_best(lm):
    losses = iter([3.0, 2.0, 2.5, 2.6, 2.7, 1.0])
    options = TuneOptions(steps=50, evaluate_every=2, patience=2, batch_size=2)
    batches = Batches([Example((1,), (2,))] * 4, 2, 0)

    def gradient(trainable, batch):
        return np.float32(1), {"embedding": np.ones((1, 2), np.float32)}

    seen = []

    def validate(trainable):
        seen.append(np.array(trainable["embedding"]))
        return {"dev_loss": next(losses)}

    start = {"embedding": np.zeros((1, 2), np.float32)}
    tuned = run_steps(GradientSteps(gradient, options), start, batches, validate, options)
    assert [row["step"] for row in tuned.history] == [0, 2, 4, 6]
    assert (tuned.best_step, tuned.best_loss) == (2, 2.0)
    np.testing.assert_array_equal(tuned.trainable["embedding"], seen[1])


def test_the_first_step_is_as_long_as_the_learning_rate():
    """Adam's first update is the sign of the gradient, times the peak where the warm-up is one step."""
    options = TuneOptions(steps=1, learning_rate=5e-4, evaluate_every=1)
    values = []

    def gradient(trainable, batch):
        return np.float32(1), {"embedding": np.array([[1e-3, -1e-3]], np.float32)}

    def validate(trainable):
        values.append(np.array(trainable["embedding"]))
        return {"dev_loss": 1.0}

    start = {"embedding": np.zeros((1, 2), np.float32)}
    batches = Batches([Example((1,), (2,))], 1, 0)
    run_steps(GradientSteps(gradient, options), start, batches, validate, options)
    np.testing.assert_allclose(values[-1], [[-5e-4, 5e-4]], rtol=1e-4)


def test_an_exploding_loss_changes_nothing_and_ends_the_run():
    def gradient(trainable, batch):
        return np.float32("nan"), {"embedding": np.full((1, 2), np.nan, np.float32)}

    values = []

    def validate(trainable):
        values.append(np.array(trainable["embedding"]))
        return {"dev_loss": 1.0}

    start = {"embedding": jax.numpy.ones((1, 2))}
    options = TuneOptions(steps=50, evaluate_every=5)
    batches = Batches([Example((1,), (2,))], 1, 0)
    with pytest.raises(ClovaError, match="20 steps in a row"):
        run_steps(GradientSteps(gradient, options), start, batches, validate, options)
    assert all((value == 1).all() for value in values)


def test_splits_and_templates_that_cannot_be_are_refused(lm, labels):
    items = labels.load(None).pool
    with pytest.raises(ClovaError, match="0 examples are too few"):
        tune(lm, labels, [], ENCODER, FEW)
    with pytest.raises(ClovaError, match="40 items to train on and 0 to stop by"):
        tune(lm, labels, items[:40], ENCODER, FEW, dev=[])
    with pytest.raises(ClovaError, match="5 virtual tokens, the method 4"):
        tune(lm, labels, items, ENCODER, FEW, template=Template((5,)))
    with pytest.raises(ClovaError, match="context is 96; shorten the template"):
        tune(lm, labels, items, PromptEncoderConfig(120, "MLP"), FEW)


def test_labels_that_cannot_be_distinguished_are_refused(lm, labels):
    items = labels.load(None).pool
    for words, message in (
        ({"0": "no", "1": "nope"}, "the label ' no' begins ' nope'"),
        ({"0": "no", "1": "no"}, "wants two or more, each different"),
        ({"0": "no"}, "wants two or more"),
    ):
        task = dataclasses.replace(labels, labels=words)
        with pytest.raises(ClovaError, match=message):
            tune(lm, task, items, ENCODER, FEW)


def test_long_texts_lose_their_start_and_keep_what_is_above_them(lm, texts):
    template, first = Template((2,), (2,)), lm.config.vocab_size
    items = [
        Item("0", "made:0", "a" * 200 + ">", ("x" * 90,)),
        Item("1", "made:1", "b>", ("y",), lead="above"),
    ]
    contexts, cut = make_contexts(texts, items, lm.tokenizer, template, first, 96)
    assert cut == 1
    # Room for what the task may write, whatever the answer: 6 tokens, of which the last is not read.
    assert len(contexts[0]) == 96 - 2 - 6 + 1
    assert bytes(contexts[0][-6:-2]) == b"aaa>"
    assert bytes(contexts[1][:-2]) == b"above\nb>"


def test_batches_are_a_function_of_the_step_and_see_every_example(lm):
    examples = [Example((1,) * (1 + i % 9), (i,)) for i in range(40)]
    one, other = Batches(examples, 8, seed=3), Batches(examples, 8, seed=3)
    assert other[7] == one[7]
    assert sorted(e.target[0] for step in range(5) for e in one[step]) == list(range(40))
    assert one[0] != one[5]


def test_the_splits_are_apart(labels):
    items = labels.load(None).pool
    train_items, dev = split(items, seed=1)
    assert len(dev) == 40
    assert {i.id for i in train_items} | {i.id for i in dev} == {i.id for i in items}
    assert split(items, seed=1) == (train_items, dev)
