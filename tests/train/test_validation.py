import math

import numpy as np

from clova_jax.train.validation import bits_per_byte, summary


def test_bits_per_byte_counts_only_what_the_mask_holds():
    token_bytes = np.array([0, 3, 6])
    batch = {
        "targets": np.array([[1, 2, 0], [2, 1, 1]]),
        "loss_mask": np.array([[1, 1, 1], [1, 0, 0]], np.float32),
    }
    nats = np.array([[1.0, 2.0, 3.0], [4.0, 100.0, 100.0]])
    loss, bits, tokens = bits_per_byte([batch], lambda _: nats, token_bytes)
    assert tokens == 4
    assert loss == 10 / 4
    assert math.isclose(bits, 10 / math.log(2) / (3 + 6 + 0 + 6))


def test_the_summary_weighs_sources_by_what_was_scored():
    row = summary({"blog": (2.0, 1.0, 30), "news": (4.0, 2.0, 10), "none": (math.nan, math.nan, 0)})
    assert row["val_loss"] == 2.5
    assert row["val_bits_per_byte_blog"] == 1.0
    assert "val_bits_per_byte_none" not in row
    assert math.isclose(row["val_bits_per_byte"], (60 + 40) / (60 / 1.0 + 40 / 2.0))
