"""Runs the steps of cleaning in order, each on what the ones before have left."""

import functools
import itertools
from collections import Counter
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean.step import Context, Dropped, Step
from clova_jax.corpus.clean.steps import STEPS
from clova_jax.corpus.documents import Document
from clova_jax.corpus.settings import Cleaning
from clova_jax.corpus.sources import read_sources

FAILED = "failed"  # the reason of a document on which a step raised an exception

Outcome = tuple[str, Document | Dropped]  # the name of the last step, and what it returned


class Cleaner:
    """Holds the steps with their models loaded.

    Args:
        cleaning: which steps run, and what they do.
    """

    def __init__(self, cleaning: Cleaning) -> None:
        self.cleaning = cleaning
        self.context = Context(read_sources(cleaning.sources), "privacy" in cleaning.steps)
        self.steps = [step(cleaning, self.context) for step in STEPS if step.name in cleaning.steps]
        # Steps that are faster on many documents get all at once. The others take turns on each document: several of
        # them ask for the same counts of its characters (`profile`).
        groups = itertools.groupby(self.steps, lambda step: type(step).many is not Step.many)
        self._groups = [(together, list(steps)) for together, steps in groups]

    @property
    def changes(self) -> dict[str, Counter[str]]:
        """Returns, by step, what the last call changed."""
        return {step.name: step.changes for step in self.steps}

    def __call__(self, document: Document) -> Outcome:
        """Cleans one document."""
        return self.many([document])[0]

    def many(self, documents: Sequence[Document]) -> list[Outcome]:
        """Cleans some documents; returns one outcome for each, in order.

        Raises:
            ClovaError: a model cannot be loaded.
        """
        for step in self.steps:
            step.changes = Counter()
        outcomes = [("read", self._admit(document)) for document in documents]
        for together, steps in self._groups:
            if together:
                for step in steps:
                    self._all_at_once(step, outcomes)
            else:
                outcomes = [self._in_turn(steps, outcome) for outcome in outcomes]
        return outcomes

    def _admit(self, document: Document) -> Document | Dropped:
        if len(document.text) > self.cleaning.max_characters:
            return Dropped("too_long", f"{len(document.text):,} characters")
        tier = self.context.source(document).tier
        return Dropped("tier", str(tier)) if tier > self.cleaning.lowest_tier else document

    def _in_turn(self, steps: list[Step], outcome: Outcome) -> Outcome:
        name, result = outcome
        for step in steps:
            if isinstance(result, Dropped):
                break
            name, result = step.name, _guarded(step, result)
        return name, result

    def _all_at_once(self, step: Step, outcomes: list[Outcome]) -> None:
        places = [at for at, (_, result) in enumerate(outcomes) if isinstance(result, Document)]
        documents = [outcomes[at][1] for at in places]
        before = step.changes.copy()
        try:
            results = step.many(documents)
        except ClovaError:
            raise
        except Exception:  # one odd document: each is cleaned by itself
            step.changes = before
            results = [_guarded(step, document) for document in documents]
        for at, result in zip(places, results, strict=True):
            outcomes[at] = step.name, result


def _guarded(step: Step, document: Document) -> Document | Dropped:
    """Runs a step on a document; whatever the record holds, the others are cleaned."""
    try:
        return step.one(document)
    except ClovaError:  # of the settings: a model that cannot be loaded
        raise
    except Exception as error:
        return Dropped(FAILED, f"{type(error).__name__}: {error}"[:200])


@functools.lru_cache(maxsize=1)
def cleaner(cleaning: Cleaning) -> Cleaner:
    """Returns the cleaner of some settings; its models are loaded once a process."""
    return Cleaner(cleaning)
