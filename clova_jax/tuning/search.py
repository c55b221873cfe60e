"""Searches for the words of a prompt by gradients (AutoPrompt, Shin et al. 2020), the discrete rival of p-tuning."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.tuning.examples import Batches
from clova_jax.tuning.inside import Inside
from clova_jax.tuning.loop import Look, Tuned
from clova_jax.tuning.options import AutoPromptConfig, TuneOptions


def search(
    model: Any,
    config: AutoPromptConfig,
    gradient: Inside,
    batches: Batches,
    look: Look,
    options: TuneOptions,
    *,
    stop: StopSignals | None = None,
    label: str = "autoprompt",
) -> tuple[Tuned, list[int]]:
    """Replaces one token a step by the best of a few candidates that its gradient suggests.

    The loss is linear in a token's embedding to first order, so -gradient · embedding ranks the vocabulary; the
    first `candidates` are tried on the same batch, and the best is kept where it is better than the present token.

    Returns:
        The run (`trainable` holds the tokens' embeddings), and the tokens.
    """
    table = np.asarray(model.params["embedding"], np.float32)[: model.config.vocab_size]
    random = np.random.default_rng([options.seed, 3])
    ids = random.integers(0, len(table), config.num_virtual_tokens)
    history: list[dict[str, Any]] = []
    best, best_loss, best_step = ids.copy(), float("inf"), 0
    end = model.tokenizer.end_of_text
    with progress(total=options.steps, desc=label, unit="step") as bar:
        for step in range(options.steps + 1):
            if step % options.evaluate_every == 0 or step == options.steps:
                figures = look(_vectors(table, ids))
                history.append({"step": step, "loss": None, **figures})
                if figures["dev_loss"] < best_loss:
                    best, best_loss, best_step = ids.copy(), figures["dev_loss"], step
                if step - best_step >= options.patience * options.evaluate_every:
                    break
            if step == options.steps:
                break
            batch, place = batches[step], int(random.integers(len(ids)))
            loss, change = gradient(_vectors(table, ids), batch)
            promise = -(table @ np.asarray(change["embedding"][place]))
            promise[[end, ids[place]]] = -np.inf
            lowest, choice = float(loss), ids[place]
            for candidate in np.argsort(-promise)[: config.candidates]:
                tried = ids.copy()
                tried[place] = candidate
                own = float(gradient.loss(_vectors(table, tried), batch))
                if own < lowest:
                    lowest, choice = own, candidate
            ids[place] = choice
            bar.update(1)
            if stop and stop.requested:
                raise Stopped(stop.requested)
    tuned = Tuned(_vectors(table, best), history, best_step, best_loss)
    return tuned, [int(i) for i in best]


def _vectors(table: np.ndarray, ids: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    return {"embedding": table[ids]}
