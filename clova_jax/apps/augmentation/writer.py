"""Has a model write utterances for many intents at once, behind the sources' blocks, whichever way prefills fewer tokens."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clova_jax.apps.augmentation.lines import Acceptance, Line
from clova_jax.apps.augmentation.prompts import ListPrompt
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete

TRIES = 4  # lines tried at most, for each that is wanted
MOST_TOKENS = 32  # of a line
SAMPLING = {"temperature": 1.0, "top_p": 0.9}


@dataclass(eq=False)
class _Asked:
    """Holds what is wanted for an intent, and its lines so far."""

    ids: list[int]
    seeds: list[int]
    accept: Acceptance
    count: int
    lines: list[Line] = field(default_factory=list)

    @property
    def lacking(self) -> int:
        """Counts the lines that are still to be accepted."""
        return self.count - len(self.accept.accepted)

    def next_seeds(self) -> list[int]:
        """Returns the seeds of the lines to try next: as many as most likely suffice, by the share of accepted ones so far.

        Twice the standard deviation is added: a round of a few lines costs nearly as much as one of many.
        """
        tried = len(self.lines)
        if not self.lacking:
            return []
        share = max(len(self.accept.accepted) / tried if tried else 1.0, 1 / TRIES)
        spread = math.sqrt(self.lacking * (1 - share))
        wanted = math.ceil((self.lacking + 2 * spread) / share)
        return self.seeds[tried : tried + wanted]


def write_lines(
    model: Model,
    prompt: ListPrompt,
    asked: Mapping[str, Sequence[str]],
    *,
    count: int,
    seed: int,
    stop: StopSignals | None = None,
    label: str = "lines",
    **sampling: Any,
) -> dict[str, list[Line]]:
    """Writes lines until `count` of each intent are accepted, or four times as many were tried.

    Each line is drawn after the intent's own utterances alone, by a seed of its own: the first `count` that are accepted
    are the same whatever else is asked for.

    Args:
        model: the writer.
        prompt: the sources; prefilled once, or once an intent where that is less work.
        asked: names with the utterances that stand under each.
        count: lines wanted of each intent.
        seed: of all draws.
        stop: signals that end it between two rounds.
        label: of the progress bar.
        **sampling: of `Sampling`, in place of `SAMPLING`.

    Returns:
        The lines of each intent in order; the last one is the one that made the number full.

    Raises:
        ClovaError: a prompt leaves no room in the model's context.
        Stopped: a stop was requested.
    """
    shown = [text for _, texts in prompt.sources for text in texts]
    prefix, rows = prompt.encode(
        model.tokenizer, [prompt.own(name, texts) for name, texts in asked.items()]
    )
    wanted = {
        name: _Asked(
            ids,
            generator(seed, name, "lines").integers(2**31, size=TRIES * count).tolist(),
            Acceptance((*shown, *texts)),
            count,
        )
        for (name, texts), ids in zip(asked.items(), rows, strict=True)
    }
    options = {"max_new_tokens": MOST_TOKENS, **SAMPLING, **sampling}
    with progress(total=count * len(wanted), desc=label, unit="line") as bar:
        while batch := [(one, key) for one in wanted.values() for key in one.next_seeds()]:
            if stop and stop.requested:
                raise Stopped(stop.requested)
            before = sum(one.lacking for one in wanted.values())
            _write(model, prefix, batch, options)
            bar.update(before - sum(one.lacking for one in wanted.values()))
    return {name: one.lines for name, one in wanted.items()}


def _write(
    model: Model, prefix: list[int], batch: Sequence[tuple[_Asked, int]], options: dict[str, Any]
) -> None:
    """Writes a line for each seed, and adds to an intent those that it still lacks."""
    for head, part in _groups(prefix, batch):
        found = complete(
            model,
            [one.ids[len(head) - len(prefix) :] for one, _ in part],
            seed=[key for _, key in part],
            prefix_ids=head,
            stop="\n",
            logprobs=0,
            **options,
        )
        for (one, _), done in zip(part, found, strict=True):
            if one.lacking:
                logprob = math.fsum(done.logprobs[: len(done.ids)])
                one.lines.append(one.accept(done.text, done.finish != "length", logprob))


def _groups(
    prefix: list[int], batch: Sequence[tuple[_Asked, int]]
) -> Iterator[tuple[list[int], Sequence[tuple[_Asked, int]]]]:
    """Yields what lines begin with, and the lines: all behind the sources, or those of an intent behind its own prompt.

    Together the sources are prefilled once, but an intent's block for each of its lines; apart a prompt is prefilled once,
    but the sources with each. The way of fewer tokens is taken.
    """
    intents = dict.fromkeys(one for one, _ in batch)
    together = len(prefix) + sum(len(one.ids) for one, _ in batch)
    apart = sum(len(prefix) + len(one.ids) for one in intents) + len(batch)
    if together <= apart:
        yield prefix, batch
        return
    for intent in intents:
        yield prefix + intent.ids[:-1], [pair for pair in batch if pair[0] is intent]
