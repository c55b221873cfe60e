"""Asks a model the items of a task as instructions: what it writes, and which label it finds likeliest."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clova_jax.align import instructions
from clova_jax.evaluate import Item, TaskData, draw_examples, generator
from clova_jax.inference import Model, complete, score_choices
from clova_jax.model import ChatTemplate, Message
from clova_jax.tables.table import Row

LABEL_TOKENS = 12  # of a written label, at most


@dataclass(frozen=True)
class Asked:
    """Says what is asked, and within how many tokens.

    Args:
        task: of the items.
        items: that are asked.
        wordings: the items take them in turn.
        shots: solved examples before an item, in its own wording.
        length: tokens of prompt and answer; longer items are left out.
        length_with_examples: the same for prompts with examples, which lose some until they fit.
        max_new_tokens: of an answer.
        seed: of the examples.
    """

    task: instructions.InstructionTask
    items: Sequence[Item]
    wordings: Sequence[str]
    shots: int
    length: int
    length_with_examples: int
    max_new_tokens: int
    seed: int

    @property
    def reserve(self) -> int:
        """Returns how many tokens an answer may have."""
        most = LABEL_TOKENS if self.task.task.labels else self.task.task.max_new_tokens
        return min(most, self.max_new_tokens)


def ask(model: Model, template: ChatTemplate, asked: Asked) -> list[Row]:
    """Returns a row an item that fits: `id, prediction, answers, written_text, ended`, and what is known of its form.

    Of a task with labels `prediction` is the label that is likeliest, `written` whether the right one was written, and `valid`
    whether any was; of a text it is what was written, up to a line break. Of questions on a passage `valid` says that the
    passage has the answer.
    """
    task, tokenizer = asked.task, model.tokenizer
    ids, items, shown = prompts_of(model, template, asked)
    if not items:
        return []
    written = complete(model, ids, max_new_tokens=asked.reserve, temperature=0.0, seed=0)
    rows: list[Row] = []
    for item, examples, completion in zip(items, shown, written, strict=True):
        line = unicodedata.normalize("NFC", completion.text).strip().partition("\n")[0].strip()
        row = {
            "id": item.id,
            "prediction": line,
            "answers": list(item.answers),
            "text": completion.text,
            "ended": completion.finish == "end",
            "examples": examples,
        }
        if task.kind.family == "reading":
            row["valid"] = bool(line) and line in item.lead
        rows.append(row)
    if labels := task.task.labels:
        words = list(labels.values())
        choices = [tokenizer.encode(template.answer(word)) for word in words]
        scored = score_choices(model, [], ids, [choices] * len(ids))
        for row, item, some in zip(rows, items, scored, strict=True):
            row["written"] = row["prediction"] == task.answer(item)
            row["valid"] = row["prediction"] in words
            row["prediction"] = list(labels)[int(np.argmax(some))]
    return rows


def prompts_of(
    model: Model, template: ChatTemplate, asked: Asked
) -> tuple[list[list[int]], list[Item], list[int]]:
    """Returns the prompts of the items that fit, these, and how many examples each shows."""
    task, encode = asked.task, model.tokenizer.encode
    pool = TaskData((), task.train)
    random = generator(asked.seed, task.name, "instructions")
    drawn = draw_examples(asked.items[0], pool, asked.shots, random) if asked.shots else []
    prompts, items, shown = [], [], []
    for number, item in enumerate(asked.items):
        wording = asked.wordings[number % len(asked.wordings)]
        question = Message("user", task.instruction(item, wording))
        if len(encode(template.prompt([question]))) + asked.reserve > asked.length:
            continue
        examples = list(drawn)
        while True:
            before = [
                Message(role, text)
                for one in examples
                for role, text in (
                    ("user", task.instruction(one, wording)),
                    ("assistant", task.answer(one)),
                )
            ]
            ids = encode(template.prompt([*before, question]))
            if not examples or len(ids) + asked.reserve <= asked.length_with_examples:
                break
            examples.pop(0)
        prompts.append(ids)
        items.append(item)
        shown.append(len(examples))
    return prompts, items, shown
