"""Trains a writer further on lists of other intents, those of the test taken out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from clova_jax.apps.augmentation.prompts import SEPARATOR, as_list
from clova_jax.common.files import write_json, write_jsonl
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import generator
from clova_jax.labelled import Intent
from clova_jax.train import PretrainOptions, pretrain

NEAR = 0.7  # share of the bigrams of two texts that both have, from which they are near
LONGEST = 6  # utterances in a list, at most
LINES = (8, 40)  # of a document, about: no fewer, no more


@dataclass(frozen=True)
class Removed:
    """Holds an utterance that was taken out of the adaptation data.

    Args:
        text, name: the utterance and its intent.
        place: `file:line`.
        reason: `name` (it is a target's) or `near` (a target's utterance is).
        target: that name, or that utterance.
    """

    text: str
    name: str
    place: str
    reason: str
    target: str


def without_targets(
    others: Sequence[Intent], targets: Sequence[Intent]
) -> tuple[list[Intent], list[Removed]]:
    """Takes out of `others` every intent with a target's name, and every utterance near one of a target's.

    Names are compared without spaces; texts are near where `NEAR` of their character bigrams, spaces left out, are the same
    (Jaccard).

    Returns:
        The intents with what is left of them, and what was taken out.
    """
    names = {_solid(target.name): target.name for target in targets}
    texts = [text for target in targets for text in target.texts]
    asked = [utterance.text for intent in others for utterance in intent.utterances]
    near = iter(_nearest(asked, texts))
    kept, removed = [], []
    for intent in others:
        named, rest = names.get(_solid(intent.name)), []
        for utterance in intent.utterances:
            number = next(near)
            reason, target = ("name", named) if named else ("near", texts[number])
            if named is None and number < 0:
                rest.append(utterance)
                continue
            row = (utterance.text, intent.name, utterance.place, reason, target)
            removed.append(Removed(*row))
        if rest:
            kept.append(Intent(intent.name, tuple(rest)))
    return kept, removed


def _nearest(texts: Sequence[str], targets: Sequence[str]) -> list[int]:
    """Returns for each text the number of its nearest target; -1 where none is near."""
    counter = CountVectorizer(analyzer="char", ngram_range=(2, 2), binary=True, dtype=np.int32)
    rows = counter.fit_transform([_solid(text) for text in (*texts, *targets)])
    own, other = rows[: len(texts)], rows[len(texts) :]
    common = csr_matrix(own @ other.T)
    sizes, others = np.diff(own.indptr), np.diff(other.indptr)
    found = []
    for row in range(len(texts)):
        span = slice(common.indptr[row], common.indptr[row + 1])
        numbers, shared = common.indices[span], common.data[span]
        alike = shared / (sizes[row] + others[numbers] - shared)
        best = int(alike.argmax()) if len(alike) else -1
        found.append(int(numbers[best]) if best >= 0 and alike[best] >= NEAR else -1)
    return found


def _solid(text: str) -> str:
    return "".join(text.split())


def list_documents(intents: Sequence[Intent], seed: int, count: int) -> Iterator[str]:
    """Yields documents of lists, 8 to 40 lines each, intents and their utterances in random order.

    Args:
        intents: to draw from, each as often as it has utterances.
        seed: of all draws.
        count: documents.
    """
    random = generator(seed, "lists")
    numbers = np.repeat(np.arange(len(intents)), [len(one.utterances) for one in intents])
    order: list[int] = []
    for _ in range(count):
        blocks, lines, wanted = [], 0, random.integers(LINES[0], LINES[1] + 1)
        while lines < wanted:
            order = order or random.permutation(numbers).tolist()
            intent = intents[order.pop()]
            shown = random.permutation(len(intent.texts))[: random.integers(1, LONGEST + 1)]
            texts = [intent.texts[i] for i in shown]
            blocks.append(as_list(intent.name, texts))
            lines += len(texts)
        yield SEPARATOR.join(blocks)


def adapt(
    model: Path,
    others: Sequence[Intent],
    targets: Sequence[Intent],
    out: Path,
    *,
    steps: int,
    batch: int,
    length: int,
    learning_rate: float,
    seed: int,
) -> Path:
    """Trains a model further on lists of intents that are no targets; a stopped training is resumed.

    What was taken out of the data is in `removed.json`, and the lists are in `lists/`.

    Args:
        model: a model directory.
        others: intents to learn from; `without_targets` is applied.
        targets: intents that the test may ask for.
        out: where everything goes.
        steps, batch, length, learning_rate: of the training.
        seed: of the lists and of the training.

    Returns:
        The directory of the adapted model.

    Raises:
        Stopped: a signal ended the training.
    """
    kept, removed = without_targets(others, targets)
    write_json(out / "removed.json", [asdict(row) for row in removed])
    texts = list_documents(kept, seed, steps * batch)  # about as much as is read
    schedule = {"steps": steps, "global_batch": batch, "length": length}
    schedule |= {"learning_rate": learning_rate, "seed": seed}
    return train_on(model, texts, out, "lists", schedule)


def train_on(
    model: Path, texts: Iterable[str], out: Path, name: str, schedule: dict[str, Any]
) -> Path:
    """Trains a model further on documents, each with a context of its own; a stopped training is resumed.

    Args:
        model: a model directory.
        texts: the documents.
        out: where everything goes.
        name: of the documents' source and of their folder in `out`.
        schedule: steps, global_batch, length, learning_rate and seed of the training.

    Returns:
        The directory of the trained model.

    Raises:
        Stopped: a signal ended the training.
    """
    rows = ({"text": text, "source": name, "id": str(n)} for n, text in enumerate(texts))
    write_jsonl(out / name / f"{name}.jsonl", rows)
    finished = pretrain(
        PretrainOptions(
            data=str(out / name),
            from_=model,
            packing="segments",  # a prompt begins with a document, and follows nothing
            validate_every=0,
            workers=1,
            out=out,
            **schedule,
        )
    )
    if not finished:
        raise Stopped("training stopped")
    return out / "model"
