"""Draws intents for Table 7: targets to write for and to test, sources to show, utterances for each purpose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from clova_jax import paper
from clova_jax.apps import augmentation
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import digest, generator
from clova_jax.labelled import Intent, Intents, Utterance, read_intents

TARGETS, SOURCES, EXAMPLES = 20, 6, 5  # the paper's: intents of a draw, and utterances of a source
Labelled = Sequence[tuple[str, str]]  # (text, name) of each example


def validation_count(k: int) -> int:
    """Returns how many utterances a class are written for validation beside `k` for training (the paper's numbers, else a fifth)."""
    return paper.TABLE_7_VALIDATION.get(k, max(1, k // 5)) if k else 0


@dataclass(frozen=True)
class Draw:
    """Holds one draw.

    Args:
        number: from 0.
        targets: their names.
        prompt: the sources with five utterances each.
        originals: of each target, five utterances to learn from, in the order in which they are added.
        dev: of each target, one more to choose by.
        test: the targets' other utterances, each with its name.
    """

    number: int
    targets: Sequence[str]
    prompt: augmentation.ListPrompt
    originals: dict[str, Sequence[str]]
    dev: dict[str, str]
    test: Sequence[tuple[Utterance, str]]

    def asked(self, n: int) -> dict[str, Sequence[str]]:
        """Returns the targets with their first `n` originals."""
        return {name: self.originals[name][:n] for name in self.targets}

    def examples(self, n: int) -> Labelled:
        """Returns the first `n` originals of each target with its name."""
        return [(text, name) for name, texts in self.asked(n).items() for text in texts]

    def dev_examples(self, n: int) -> Labelled:
        """Returns an original a target to choose by, none where there are no originals to learn from."""
        return [(text, name) for name, text in self.dev.items()] if n else []


@dataclass(frozen=True)
class IntentDraws:
    """Holds the intents of a data folder and draws from them.

    Args:
        intents: of the folder.
        count: draws.
        limit: test utterances of a draw; all where None.
        seed: of all draws.
    """

    intents: Intents
    count: int
    limit: int | None
    seed: int

    @classmethod
    def read(cls, data: Path, count: int, limit: int | None, seed: int) -> "IntentDraws":
        """Reads the folder.

        Raises:
            ClovaError: too few intents have utterances enough; a file that `read_intents` refuses.
        """
        intents = read_intents(data)
        wanted = TARGETS + SOURCES
        if len(intents.frequent) < wanted:
            every = (*intents.frequent, *intents.rare)
            short = max(intents.rare, key=lambda one: len(one.utterances), default=None)
            example = f"; {short.name!r} has {len(short.utterances)}" if short else ""
            raise ClovaError(
                f"{data}: {len(intents.frequent)} of {len(every)} intents have utterances enough, wants {wanted}{example}"
            )
        return cls(intents, count, limit, seed)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Returns the number of each utterance of a frequent intent, by its text, which no other has."""
        every = (text for intent in self.intents.frequent for text in intent.texts)
        return {text: number for number, text in enumerate(every)}

    @cached_property
    def digest(self) -> str:
        """Returns a short hash of all utterances with their names."""
        every = (*self.intents.frequent, *self.intents.rare)
        return digest([text for intent in every for text in (intent.name, *intent.texts)])

    def __iter__(self) -> Iterator[Draw]:
        for number in range(self.count):
            yield self._draw(number)

    def _draw(self, number: int) -> Draw:
        random = generator(self.seed, "intents", number)
        drawn = random.permutation(len(self.intents.frequent))[: TARGETS + SOURCES]
        chosen = [self._shuffled(self.intents.frequent[i], random) for i in drawn]
        targets, sources = chosen[:TARGETS], chosen[TARGETS:]
        test = [(one, t.name) for t in targets for one in t.utterances[EXAMPLES + 1 :]]
        if self.limit is not None and self.limit < len(test):
            test = [test[i] for i in sorted(random.choice(len(test), self.limit, replace=False))]
        return Draw(
            number,
            [target.name for target in targets],
            augmentation.ListPrompt([(source.name, source.texts[:EXAMPLES]) for source in sources]),
            {target.name: target.texts[:EXAMPLES] for target in targets},
            {target.name: target.texts[EXAMPLES] for target in targets},
            test,
        )

    def _shuffled(self, intent: Intent, random: np.random.Generator) -> Intent:
        order = random.permutation(len(intent.utterances))
        return Intent(intent.name, tuple(intent.utterances[i] for i in order))
