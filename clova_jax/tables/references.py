"""Says how BLEU depends on its references: what one person's answer scores against the answers of others."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from clova_jax.evaluate import Item, Prediction, Task, load_task, read_pairs
from clova_jax.labelled import optional_file

TASKS = ("ko_en", "en_ko", "query_modification", "sae4k")
SIDES = {"ko_en": ("ko", "en"), "en_ko": ("en", "ko")}  # their training file has pairs too
MOST = 3  # references at most
FEWEST = 20  # texts with several answers, for a figure
WORDS = 4  # of the answer that is scored, at least: BLEU counts runs of so many


def reference_notes(data: Path) -> list[str]:
    """Returns a sentence for each text task whose files are there: BLEU of a person's answer by number of references.

    All answers to one text in the task's files are right; the first is scored against one, two, … of the others.
    """
    tasks = [load_task(name) for name in TASKS]
    return [_sentence(task, data) for task in tasks if task.present(data)]


def _sentence(task: Task, data: Path) -> str:
    several = [found for found in several_answers(_items(task, data)) if _is_long(found[0])]
    enough = {
        count: [answers for answers in several if len(answers) > count]
        for count in range(1, MOST + 1)
    }
    counts = [count for count, found in enough.items() if len(found) >= FEWEST]
    if not counts:
        return (
            f"{task.name}: no {FEWEST} texts have two answers, so BLEU has one reference, and an answer as good in other "
            "words counts as wrong; how much that costs cannot be measured on these files"
        )
    same = enough[counts[-1]]
    scores = ", ".join(
        f"{task.metrics[0](_scored(same, count)):.1f} against {count}" for count in counts
    )
    return (
        f"{task.name}: BLEU depends on its references: {len(same):,} texts have {counts[-1] + 1} answers or more in its "
        f"files, all right; the first of them, of {WORDS} words or more, scores {scores} of the others"
    )


def _items(task: Task, data: Path) -> list[Item]:
    loaded = task.load(data)
    training = optional_file(data, "parallel/koen_train.tsv") if task.name in SIDES else None
    more = read_pairs(training, *SIDES[task.name]) if training else []
    return [*loaded.items, *loaded.pool, *more]


def _is_long(answer: str) -> bool:
    return len(answer.split()) >= WORDS


def several_answers(items: Sequence[Item]) -> list[list[str]]:
    """Returns the different answers of each text that has two or more, in the order of the files."""
    answers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in items:
        for answer in item.answers:
            if answer not in answers[item.lead, item.text]:
                answers[item.lead, item.text].append(answer)
    return [found for found in answers.values() if len(found) > 1]


def _scored(texts: Sequence[Sequence[str]], count: int) -> list[Prediction]:
    return [Prediction(first, tuple(others[:count])) for first, *others in texts]
