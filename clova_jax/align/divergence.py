"""Has a model write texts, with the log-probabilities by itself and by a reference, and measures how far it has gone from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clova_jax.inference import Model, complete, score_ids


@dataclass(frozen=True)
class Sampled:
    """Holds a text that was drawn, at temperature 1 from the whole distribution.

    Args:
        context: ids of the prompt.
        ids: of the text, with `<|endoftext|>` where it ended by itself.
        text: as it reads.
        logp: of the ids by the model that wrote them, in nats.
    """

    context: tuple[int, ...]
    ids: tuple[int, ...]
    text: str
    logp: float


def sample_texts(
    model: Model, prompts: Sequence[Sequence[int]], samples: int, max_new_tokens: int, seed: int
) -> list[list[Sampled]]:
    """Draws `samples` texts after each prompt; those of a prompt stand together."""
    end = model.tokenizer.end_of_text
    written = complete(
        model,
        prompts,
        num_samples=samples,
        max_new_tokens=max_new_tokens,
        temperature=1.0,
        logprobs=0,
        seed=seed,
    )
    found = []
    for number, done in enumerate(written):
        ids = (*done.ids, end) if done.finish == "end" else tuple(done.ids)
        context = tuple(prompts[number // samples])
        logp = float(np.sum(done.logprobs[: len(ids)], dtype=np.float64))
        found.append(Sampled(context, ids, done.text, logp))
    return [found[at : at + samples] for at in range(0, len(found), samples)]


def reference_logps(reference: Model, texts: Sequence[Sampled]) -> Float64[np.ndarray, "n"]:
    """Returns the log-probability of each text by another model, in nats."""
    return score_ids(reference, [one.context for one in texts], [one.ids for one in texts])[0]


def sequence_kl(reference: Model, texts: Sequence[Sampled]) -> Float64[np.ndarray, "n"]:
    """Returns the log-ratio of each text; its mean estimates KL(model || reference) of whole texts in nats, without bias."""
    own = np.array([one.logp for one in texts])
    return own - reference_logps(reference, texts)
