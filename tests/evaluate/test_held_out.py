"""Bits per byte of documents agree with what the decoder says token by token, however they are cut."""

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import score_documents
from tests.worlds.models import make_lm

TEXTS = ["오늘은 날씨가 좋다.", "가", "긴 글은 창을 여러 개 쓴다. " * 5]


@pytest.fixture(scope="module")
def model():
    return make_lm()


def by_hand(model, text, length):
    ids = [model.tokenizer.end_of_text, *model.tokenizer.encode(text)]
    bits = 0.0
    for begin in range(0, len(ids) - 1, length):
        window = ids[begin : begin + length + 1]
        logits = model.logits([window[:-1]])[0].astype(np.float64)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        bits -= logits[np.arange(len(window) - 1), window[1:]].sum() / np.log(2)
    return bits


@pytest.mark.parametrize("length", [1, 7, 24])
def test_bits_are_those_of_the_logits_window_by_window(model, length):
    costs = score_documents(model, TEXTS, length)
    assert costs.bits == pytest.approx([by_hand(model, text, length) for text in TEXTS], rel=1e-4)
    assert costs.bytes.tolist() == [len(text.encode()) for text in TEXTS]
    assert costs.tokens.tolist() == [len(model.tokenizer.encode(text)) for text in TEXTS]


def test_the_interval_holds_the_ratio_of_sums(model):
    costs = score_documents(model, TEXTS, 24)
    found = costs.bits_per_byte()
    assert found.value == pytest.approx(costs.bits.sum() / costs.bytes.sum())
    assert found.low < found.value < found.high


def test_what_cannot_be_scored_is_told(model):
    with pytest.raises(ClovaError, match="document 1 is empty"):
        score_documents(model, ["가", ""], 8)
    with pytest.raises(ClovaError, match="length: 0 is not from 1 to"):
        score_documents(model, ["가"], 0)
