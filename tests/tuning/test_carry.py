"""AutoPrompt's tokens on another model: the same words, whatever the tokenizer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.inference import SoftPrompt, Template
from clova_jax.tuning import AutoPromptConfig, TuneOptions, carry, tune
from tests.worlds.byte_tokenizer import Bytes


class Twice(Bytes):
    """Encodes a byte as two tokens: the same words are twice as many."""

    def encode(self, text):
        """Encodes a text."""
        return [i for i in super().encode(text) for _ in range(2)]


def found(ids, before):
    template = Template((before,), (len(ids) - before,))
    return SoftPrompt(np.zeros((len(ids), 32), np.float32), template, "first", {"ids": ids})


@given(st.lists(st.integers(97, 122), min_size=2, max_size=8), st.data())
def test_one_tokenizer_means_the_same_tokens(other_lm, ids, data):
    before = data.draw(st.integers(1, len(ids) - 1))
    prompt = carry(found(ids, before), other_lm.tokenizer, other_lm)
    assert prompt.template == Template((before,), (len(ids) - before,))
    np.testing.assert_array_equal(
        prompt.vectors, np.asarray(other_lm.params["embedding"])[np.array(ids)]
    )
    prompt.attach(other_lm)  # it is a prompt of the other model


def test_another_tokenizer_encodes_the_words_of_each_side_anew(other_lm):
    theirs = Bytes()
    theirs.fingerprint = "bytes of another model"
    view = other_lm.with_params(other_lm.params)
    view.tokenizer = Twice()
    prompt = carry(found(list(b"abc"), 1), theirs, view)
    assert prompt.template == Template((2,), (4,))


@pytest.mark.parametrize(
    "pattern", ["[P]*5 {text} 답:", "질문: [P]*5 {text}", "[P]*3 또 [P]*2 {text}"]
)
def test_words_of_the_template_stay(other_lm, pattern):
    ids, template = list(b"abcde"), Template.parse(pattern)
    made = SoftPrompt(np.zeros((5, 32), np.float32), template, "first", {"ids": ids})
    prompt = carry(made, other_lm.tokenizer, other_lm)
    assert prompt.template == template
    prompt.attach(other_lm)
    theirs = Bytes()
    theirs.fingerprint = "bytes of another model"
    view = other_lm.with_params(other_lm.params)
    view.tokenizer = Twice()
    prompt = carry(made, theirs, view)
    twice = [part if isinstance(part, str) else 2 * part for part in template.before]
    assert prompt.template == Template(tuple(twice), template.after)
    table = np.asarray(other_lm.params["embedding"])
    np.testing.assert_array_equal(prompt.vectors, table[np.repeat(ids, 2)])


def test_what_was_found_says_its_tokens_and_answers_on_another_model(lm, other_lm, labels):
    options = TuneOptions(steps=2, batch_size=8, evaluate_every=2)
    made = tune(lm, labels, labels.load(None).pool[:60], AutoPromptConfig(4, 2), options).prompt
    assert len(made.about["ids"]) == 4
    prompt = carry(made, lm.tokenizer, other_lm)
    scores = prompt.score(other_lm, ["good 1", "bad 2"], [" yes", " yes"])
    assert np.isfinite(scores).all()
