"""Has a model write utterances for many intents at once, behind the sources' blocks, whichever way prefills fewer tokens."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from clova_jax.apps.augmentation.lines import Acceptance, Line
from clova_jax.apps.augmentation.prompts import ListPrompt
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete

TRIES = 4  # lines tried at most, for each that is wanted
MOST_TOKENS = 32  # of a line
SAMPLING = {"temperature": 1.0, "top_p": 0.9}
T = TypeVar("T", bound="Judged")


class Judged(Protocol):
    """Describes a text that was judged as it was written."""

    @property
    def accepted(self) -> bool:
        """Returns whether it may serve as an example."""
        ...


@dataclass(eq=False)
class Asked(Generic[T]):
    """Holds what is wanted after a prompt, and what was written so far.

    Args:
        ids: the prompt's tokens after those that all prompts begin with.
        seeds: of the texts in order; no more are tried.
        judge: decides on a text, by `(text, ended, logprob)`.
        count: accepted texts wanted.
        texts: what was written, up to the one that made the number full.
    """

    ids: list[int]
    seeds: list[int]
    judge: Callable[[str, bool, float], T]
    count: int
    texts: list[T] = field(default_factory=list)

    @property
    def lacking(self) -> int:
        """Counts the texts that are still to be accepted."""
        return self.count - sum(text.accepted for text in self.texts)

    def next_seeds(self) -> list[int]:
        """Returns the seeds of the texts to try next: as many as most likely suffice, by the share of accepted ones so far.

        Twice the standard deviation is added: a round of a few texts costs nearly as much as one of many.
        """
        tried, lacking = len(self.texts), self.lacking
        if not lacking:
            return []
        share = max((self.count - lacking) / tried if tried else 1.0, 1 / TRIES)
        wanted = math.ceil((lacking + 2 * math.sqrt(lacking * (1 - share))) / share)
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
        name: Asked(
            ids,
            generator(seed, name, "lines").integers(2**31, size=TRIES * count).tolist(),
            Acceptance((*shown, *texts)),
            count,
        )
        for (name, texts), ids in zip(asked.items(), rows, strict=True)
    }
    options = {"stop": "\n", "max_new_tokens": MOST_TOKENS, **SAMPLING, **sampling}
    write_texts(model, prefix, list(wanted.values()), signals=stop, label=label, **options)
    return {name: one.texts for name, one in wanted.items()}


def write_texts(
    model: Model,
    prefix: list[int],
    asked: Sequence[Asked[Any]],
    *,
    signals: StopSignals | None = None,
    label: str = "texts",
    **sampling: Any,
) -> None:
    """Adds texts to what is asked for until it is full, or its seeds are used up.

    A text follows from its own prompt and seed alone.

    Args:
        model: the writer.
        prefix: tokens that all prompts begin with.
        asked: prompts with what is wanted after each.
        signals: those that end it between two rounds.
        label: of the progress bar.
        **sampling: of `Sampling`.

    Raises:
        ClovaError: a prompt leaves no room in the model's context.
        Stopped: a stop was requested.
    """
    with progress(total=sum(one.lacking for one in asked), desc=label, unit="text") as bar:
        while batch := [(one, key) for one in asked for key in one.next_seeds()]:
            if signals and signals.requested:
                raise Stopped(signals.requested)
            before = sum(one.lacking for one in asked)
            _write(model, prefix, batch, sampling)
            bar.update(before - sum(one.lacking for one in asked))


def _write(
    model: Model,
    prefix: list[int],
    batch: Sequence[tuple[Asked[Any], int]],
    options: dict[str, Any],
) -> None:
    """Writes a text for each seed, and adds to what is asked for those that it still lacks."""
    for head, part in _groups(prefix, batch):
        found = complete(
            model,
            [one.ids[len(head) - len(prefix) :] for one, _ in part],
            seed=[key for _, key in part],
            prefix_ids=head,
            logprobs=0,
            **options,
        )
        for (one, _), done in zip(part, found, strict=True):
            if one.lacking:
                logprob = math.fsum(done.logprobs[: len(done.ids)])
                one.texts.append(one.judge(done.text, done.finish != "length", logprob))


def _groups(
    prefix: list[int], batch: Sequence[tuple[Asked[Any], int]]
) -> Iterator[tuple[list[int], Sequence[tuple[Asked[Any], int]]]]:
    """Yields what texts begin with, and the texts: all behind the sources, or those of a prompt behind it.

    Together the sources are prefilled once, but a prompt's own end for each of its texts; apart a prompt is prefilled once,
    but the sources with each. The way of fewer tokens is taken.
    """
    prompts = dict.fromkeys(one for one, _ in batch)
    together = len(prefix) + sum(len(one.ids) for one, _ in batch)
    apart = sum(len(prefix) + len(one.ids) for one in prompts) + len(batch)
    if together <= apart:
        yield prefix, batch
        return
    for own in prompts:
        yield prefix + own.ids[:-1], [pair for pair in batch if pair[0] is own]
