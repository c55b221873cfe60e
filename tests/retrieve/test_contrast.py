"""The sentence encoder: its loss, and that texts of one group come nearer to each other."""

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.retrieve import Index, train_encoder
from clova_jax.retrieve.contrast import TEMPERATURE, contrast
from clova_jax.retrieve.vectors import mean_states

THINGS = ("불", "창문", "음악", "알람", "커튼", "난로", "시계", "텔레비전")
GROUPS = [[f"{x} 꺼 줘", f"이제 {x}은 그만", f"지금 {x} 좀 꺼라"] for x in THINGS]


@pytest.fixture(scope="module")
def lm():
    texts = [text for group in GROUPS for text in group]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=300)
    config = ModelConfig(1, 32, 2, vocab_size=tokenizer.vocab_size, max_length=64)
    return LanguageModel.create(config, tokenizer, seed=1)


def first_found(model):
    texts = [text for group in GROUPS for text in group]
    index = Index.build(texts, "vectors", model)
    near = [
        [h.index for h in index.search(text, 2) if h.index != n] for n, text in enumerate(texts)
    ]
    return np.mean([some[0] // 3 == n // 3 for n, some in enumerate(near)])


def test_the_loss_is_info_nce(lm):
    texts = [GROUPS[0][0], GROUPS[1][0], GROUPS[0][1], GROUPS[1][1]]
    rows = lm.tokenizer.encode_batch(texts)
    longest = max(map(len, rows))
    ids = np.array([row + [0] * (longest - len(row)) for row in rows])
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    vectors = mean_states(lm, texts)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.exp(vectors @ vectors.T / TEMPERATURE)
    np.fill_diagonal(scores, 0)
    wanted = -np.log(scores[np.arange(4), [2, 3, 0, 1]] / scores.sum(1)).mean()
    assert contrast(lm.params, lm.config, ids, mask, lm.dtype) == pytest.approx(wanted, rel=1e-3)


def test_texts_of_one_group_come_nearer_and_the_model_stays(lm):
    before = jax.tree.map(np.array, lm.params)
    encoder = train_encoder(lm, GROUPS, steps=40, batch=8, learning_rate=3e-3)
    assert first_found(encoder) > max(first_found(lm), 0.8)
    jax.tree.map(np.testing.assert_array_equal, before, lm.params)
    again = train_encoder(lm, GROUPS, steps=40, batch=8, learning_rate=3e-3)
    assert again.fingerprint == encoder.fingerprint


def test_groups_of_one_text_are_refused(lm):
    for groups in ([["가", "나"]], [["가", "나"], ["다"]]):
        with pytest.raises(ClovaError, match="two groups of texts or more"):
            train_encoder(lm, groups)
