"""Draws instructions of several tasks in mixed order, each item in a wording of its own."""

from collections.abc import Iterator, Sequence

import numpy as np

from clova_jax.align.instructions.packing import Instruction
from clova_jax.align.instructions.tasks import CHAT, InstructionTask
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.model import ChatTemplate, Message, Role

TEMPLATE = ChatTemplate(
    system=Role("", "\n\n"), user=Role("질문: ", "\n"), assistant=Role("답변: ", "\n\n")
)
"""Shows a question and its answer, as documents of questions and answers do."""

BY_SYSTEM = 0.1  # share of the instructions whose first line the system says
EARLIER = 2  # exchanges before a chat's last message, at most


def mixture(
    tasks: Sequence[InstructionTask], wordings: slice, per_task: int, seed: int
) -> Iterator[Instruction]:
    """Returns instructions without end; every epoch has at most so many new items of each task.

    Of large tasks no more items are taken than `per_task`, as in FLAN (Wei et al. 2022), so that small ones count.

    Args:
        tasks: with items to learn from.
        wordings: which ones of each task.
        per_task: items of a task in an epoch, at most.
        seed: of all draws.

    Raises:
        ClovaError: no task has an item to learn from; `per_task` is below 1.
    """
    if per_task < 1:
        raise ClovaError(f"mixture: per_task={per_task}; wants 1 or more")
    if not any(task.train for task in tasks):
        names = ", ".join(task.name for task in tasks) or "none"
        raise ClovaError(
            f"mixture: no items to learn from (tasks: {names}); give a task that has some"
        )
    return _drawn(tasks, wordings, per_task, seed)


def _drawn(
    tasks: Sequence[InstructionTask], wordings: slice, per_task: int, seed: int
) -> Iterator[Instruction]:
    random = generator(seed, "instructions")
    while True:
        drawn = [
            (number, item)
            for number, task in enumerate(tasks)
            for item in random.permutation(len(task.train))[:per_task]
        ]
        for place in random.permutation(len(drawn)):
            number, item = drawn[place]
            yield _instruction(tasks[number], int(item), wordings, random)


def _instruction(
    task: InstructionTask, at: int, wordings: slice, random: np.random.Generator
) -> Instruction:
    some, item = task.kind.wordings[wordings], task.train[at]
    wording = some[random.integers(len(some))]
    answer = task.answer(item)
    if task.name == CHAT.name and (earlier := int(random.integers(EARLIER + 1))):
        before = [task.train[i] for i in random.integers(len(task.train), size=earlier)]
        said = [
            Message(role, text)
            for one in before
            for role, text in (("user", one.text), ("assistant", task.answer(one)))
        ]
        return Instruction((*said, Message("user", item.text)), answer)
    head, line, tail = wording.partition("\n")
    if line and "{text}" in tail and random.random() < BY_SYSTEM:
        said = [Message("system", head), Message("user", task.instruction(item, tail))]
        return Instruction(tuple(said), answer)
    return Instruction((Message("user", task.instruction(item, wording)),), answer)
