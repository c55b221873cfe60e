"""Shares labels, template and metrics between KLUE-STS and KorSTS."""

from collections.abc import Callable
from pathlib import Path

from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Task, TaskData

LABELS = {"0": "다름", "1": "같음"}
THRESHOLD = 3.0  # as KLUE's own binary labels


def prompt(first: str, second: str) -> str:
    """Puts both sentences and the question of the template together."""
    return f"문장1: {first}\n문장2: {second}\n정답:"


def task(
    name: str,
    files: tuple[str, ...],
    load: Callable[[Path], TaskData],
    notes: tuple[str, ...] = (),
) -> Task:
    """Makes a similarity task: binary F1 first; Pearson is that of log p(same) - log p(different) with the graded label."""
    names = tuple(LABELS)
    return Task(
        name=name,
        files=files,
        load=load,
        shots=40,
        trials=3,
        metrics=(
            metrics.binary_f1(names, "1"),
            metrics.balanced_accuracy(names),
            metrics.accuracy,
            metrics.pearson,
        ),
        labels=LABELS,
        content_free=tuple(prompt(word, word) for word in ("N/A", "[MASK]", "")),
        instruction="두 문장의 의미가 같으면 같음, 다르면 다름이라고 답하세요.",
        source="Beomi/ko-lm-evaluation-harness klue.py; zero-shot line: our wording",
        notes=notes,
    )
