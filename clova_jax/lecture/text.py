"""Makes batches of text for a decoder and for BERT, the same rows for both, and defines what each learns from them.

A decoder predicts the token after each; BERT the tokens that were taken away (Devlin et al. 2019): of 15% of them 80% are masked,
10% replaced by a random token, and 10% left as they are.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Array, Float

from clova_jax.config import ModelConfig
from clova_jax.data import Loader, TokenStore, validation_batches
from clova_jax.lecture.bert import BertConfig
from clova_jax.lecture.training import Batch, StepBatches
from clova_jax.model import Params, bind, weighted_loss

CHOSEN, MASKED, RANDOM = 0.15, 0.8, 0.1  # of all tokens, and of those that are chosen


class Texts(StepBatches):
    """Gives rows of a token store: for a decoder as they are, for BERT with tokens taken away.

    Args:
        store: an open token store.
        config: of the model that learns from them.
        length: tokens a row.
        size: rows a batch.
        seed: of the order, and of what is taken away.
    """

    def __init__(
        self, store: TokenStore, config: ModelConfig, length: int, size: int, seed: int = 0
    ) -> None:
        self.config, self.seed = config, seed
        self.loader = Loader(store, length=length, global_batch=size, seed=seed)

    def __getitem__(self, step: int) -> Batch:
        return text_batch(self.loader.batch(step), self.config, (self.seed, 0, step))


def held_out(
    store: TokenStore, config: ModelConfig, length: int, size: int, limit: int
) -> list[Batch]:
    """Returns batches of the store's validation split, about `limit` tokens of each source."""
    found = []
    for source in store.sources("validation"):
        rows = validation_batches(store, source, length=length, global_batch=size, limit=limit)
        found += [text_batch(one, config, (0, 1, number)) for number, one in enumerate(rows)]
    return found


def text_batch(rows: Batch, config: ModelConfig, seed: tuple[int, ...]) -> Batch:
    """Returns what a model learns from rows of `Loader.batch`: `ids`, `targets`, `weights` and where they stand.

    Args:
        rows: `ids, targets, positions, segment_ids, loss_mask` [B,T].
        config: of the model; a `BertConfig` has tokens taken away.
        seed: of what is taken away.
    """
    kept = {name: rows[name] for name in ("positions", "segment_ids")}
    if not isinstance(config, BertConfig):
        return kept | {
            "ids": rows["ids"],
            "targets": rows["targets"],
            "weights": rows["loss_mask"],
        }
    ids, weights = mask_tokens(rows["ids"], rows["segment_ids"] > 0, config, seed)
    return kept | {"ids": ids, "targets": rows["ids"], "weights": weights}


def mask_tokens(
    ids: np.ndarray, allowed: np.ndarray, config: BertConfig, seed: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Takes tokens away.

    Args:
        ids: int32[B,T].
        allowed: bool[B,T], the tokens that may be chosen.
        config: names the id of a masked token.
        seed: of the choice.

    Returns:
        The ids with what stands in the place of the chosen ones, and float32[B,T], 1 where one was chosen.
    """
    random = np.random.default_rng(seed)
    chosen = allowed & (random.random(ids.shape) < CHOSEN)
    drawn, others = random.random(ids.shape), random.integers(0, config.mask_id, ids.shape)
    out = np.where(chosen & (drawn < MASKED), config.mask_id, ids)
    out = np.where(chosen & (drawn >= MASKED) & (drawn < MASKED + RANDOM), others, out)
    return out.astype(np.int32), chosen.astype(np.float32)


def text_loss(params: Params, config: ModelConfig, batch: dict[str, Array]) -> Float[Array, ""]:
    """Returns the mean cross-entropy, in nats, of the targets that count."""
    model, rows = bind(config, params), batch["segment_ids"]
    if isinstance(config, BertConfig):
        hidden = model.before_scores(model.encode(batch["ids"], rows, batch["positions"]))
    else:
        hidden, _ = model(batch["ids"], positions=batch["positions"], segment_ids=rows)
    total = weighted_loss(params, config, hidden, batch["targets"], batch["weights"])
    return total / batch["weights"].sum().clip(1)


def frequency_loss(learned: Iterable[Batch], dev: Sequence[Batch], vocab_size: int) -> float:
    """Returns what the frequencies of tokens alone are worth: the mean cross-entropy, in nats, of the targets that count.

    Args:
        learned: batches whose targets are counted, each token once more than it is there.
        dev: batches that are predicted.
        vocab_size: of the tokens.
    """
    seen = np.concatenate([batch["targets"][batch["weights"] > 0] for batch in learned])
    counts = 1 + np.bincount(seen, minlength=vocab_size)
    nats = -np.log(counts / counts.sum())
    return float(np.mean([nats[one["targets"][one["weights"] > 0]].mean() for one in dev]))
