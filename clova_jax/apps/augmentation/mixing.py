"""Mixes labelled examples into new ones with soft labels: GPT3Mix, which is also called HyperMix (Yoo et al. 2021).

Two examples of different classes stand in the prompt, each followed by its label in brackets. The model writes a third line;
its text ends where the bracket opens, and how likely each label is there is the soft label. NAVER's code looks for labels of one
token among 100 alternatives, and tries again where it finds none; here every label is scored, however many tokens it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task, generator
from clova_jax.inference import Model, complete, score, score_choices
from clova_jax.tokenizers import as_written

MOST_TOKENS = 100  # of a line, as in NAVER's code
SAMPLING = {"temperature": 1.0, "top_p": 0.9, "frequency_penalty": 0.02}
CLOSING = ")"


@dataclass(frozen=True)
class MixedText:
    """Holds a text as it was written.

    Args:
        text: without spaces at its ends, and without the label that the model gave it.
        soft: label -> probability, 1 together; empty where the text is refused.
        reason: `empty`, `broken` (the line does not end with a bracket) or `too long`; empty where it is accepted.
        prompt: what it was written after.
    """

    text: str
    soft: dict[str, float]
    reason: str
    prompt: str


@dataclass(frozen=True)
class MixPrompt:
    """Words the prompt.

    Args:
        words: label -> the words that stand for it, of which examples show the first; two labels or more, no word of one
            the beginning of another's.
        head: what stands above the examples.
        before: what each line begins with.
        opening: what opens the bracket behind a text, up to the label's word.
    """

    words: Mapping[str, Sequence[str]]
    head: str
    before: str
    opening: str

    def __post_init__(self) -> None:
        pairs = [(label, word) for label, words in self.words.items() for word in words]
        if len(self.words) < 2 or not all(word.strip() for _, word in pairs):
            raise ClovaError(f"labels {list(self.words)}: wants two or more, none empty")
        for label, one in pairs:
            for other_label, other in pairs:
                if label != other_label and other.startswith(one):
                    raise ClovaError(
                        f"label {one!r} begins another, {other!r}: its likelihood would hold that one's too; rename one"
                    )

    @classmethod
    def published(
        cls,
        words: Mapping[str, Sequence[str]],
        text_type: str = "글",
        label_type: str = "분류",
    ) -> "MixPrompt":
        """Returns the published wording in Korean.

        Args:
            words: as of the class.
            text_type, label_type: what a text and a label are called.
        """
        names = ", ".join(f"'{shown[0]}'" for shown in words.values())
        head = f"다음은 {text_type} 목록입니다. 괄호 안은 {label_type}입니다 ({names} 중 하나).\n\n"
        return cls(words, head, f"{text_type}: ", f" ({label_type}: ")

    @classmethod
    def of_task(cls, task: Task) -> "MixPrompt":
        """Returns the wording of a task's examples in few-shot prompts, a line each.

        Raises:
            ClovaError: its examples do not end with a label in brackets.
        """
        return cls(label_words(task), "", "", _split_answer(task)[0])

    def text(self, examples: Sequence[tuple[str, str]]) -> str:
        """Returns the prompt with examples, each (text, label), up to where the next text begins."""
        lines = [
            f"{self.before}{text}{self.opening}{self.words[label][0]}{CLOSING}\n"
            for text, label in examples
        ]
        return "".join([self.head, *lines, self.before.rstrip()])

    def split(self, line: str, finish: str) -> tuple[str, str]:
        """Splits what the model wrote after a prompt.

        Args:
            line: up to the line's end.
            finish: why it ended, as of `Completion`.

        Returns:
            The text before the last bracket, and why it is refused; empty where it is accepted.
        """
        if finish == "length":
            return line, "too long"
        text, bracket, label = line.rpartition(self.opening)
        if not bracket or not label.rstrip().endswith(CLOSING):
            return line, "broken" if any(map(str.isalnum, line)) else "empty"
        return text, "" if any(map(str.isalnum, text)) else "empty"

    @property
    def choices(self) -> dict[str, list[str]]:
        """Returns of each label what may follow a text: the bracket up to where it closes."""
        return {
            label: [self.opening + word for word in words] for label, words in self.words.items()
        }


def label_words(task: Task) -> dict[str, list[str]]:
    """Returns the words of a task's labels as they stand in brackets, further ones for a label behind the first.

    Raises:
        ClovaError: its examples do not end with a label in brackets.
    """
    _, rest = _split_answer(task)
    return {
        gold: [word + rest for word in (shown, *task.more_words.get(gold, ()))]
        for gold, shown in (task.labels or {}).items()
    }


def _split_answer(task: Task) -> tuple[str, str]:
    """Returns what stands before a label, and what of the word follows it before the bracket closes."""
    opening, _, rest = task.answer.partition("{}")
    if task.labels is None or not opening.startswith(" (") or not rest.endswith(CLOSING):
        raise ClovaError(f"task {task.name}: its examples have no label in brackets; take another")
    return opening, rest.removesuffix(CLOSING)


def augment(
    model: Model,
    examples: Sequence[str],
    labels: Sequence[str],
    *,
    count: int,
    seed: int,
    prompt: MixPrompt | None = None,
    **sampling: Any,
) -> list[MixedText]:
    """Writes texts between two examples of different classes each, with soft labels.

    Args:
        model: the writer.
        examples: texts to mix.
        labels: of the examples.
        count: texts to write, refused ones among them.
        seed: of all draws.
        prompt: how the prompt is worded; the published wording, with the labels as they are, by default.
        **sampling: of `Sampling`, in place of `SAMPLING`.

    Raises:
        ClovaError: fewer labels than two, one that begins another or that the tokenizer cannot write.
    """
    names = list(dict.fromkeys(labels))
    prompt = prompt or MixPrompt.published({name: [name] for name in names})
    _check_words(model, prompt)
    groups = [
        [text for text, own in zip(examples, labels, strict=True) if own == name] for name in names
    ]
    random = generator(seed, "mix")
    prompts = []
    for _ in range(count):
        drawn = random.choice(len(names), 2, replace=False)
        pairs = [(groups[i][random.integers(len(groups[i]))], names[i]) for i in drawn]
        prompts.append(prompt.text(pairs))
    options = {"max_new_tokens": MOST_TOKENS, **SAMPLING, **sampling}
    found = complete(model, prompts, seed=seed, stop="\n", **options)
    split = [prompt.split(done.text, done.finish) for done in found]
    kept = [number for number, (_, reason) in enumerate(split) if not reason]
    soft = soft_labels(model, [prompts[i] + split[i][0] for i in kept], prompt.choices)
    by_number = dict(zip(kept, soft, strict=True))
    return [
        MixedText(text.strip(), by_number.get(number, {}), reason, before)
        for number, ((text, reason), before) in enumerate(zip(split, prompts, strict=True))
    ]


def _check_words(model: Model, prompt: MixPrompt) -> None:
    for label, choices in prompt.choices.items():
        for choice in choices:
            if as_written(model.tokenizer, choice) != choice:
                raise ClovaError(f"label {label!r}: the model's tokenizer cannot write {choice!r}")


def soft_labels(
    model: Model, contexts: Sequence[str], choices: Mapping[str, Sequence[str]]
) -> list[dict[str, float]]:
    """Returns how likely each label is after each context, 1 together over the labels.

    Args:
        model: scores the choices.
        contexts: texts, without a space at their end.
        choices: label -> what stands for it after a context; the likelihoods of several are added.
    """
    if not contexts:
        return []
    flat = [(label, choice) for label, own in choices.items() for choice in own]
    texts = [choice for _, choice in flat]
    if model.tokenizer.prefix_stable:
        ids = model.tokenizer.encode_batch(texts)
        rows = model.tokenizer.encode_batch(list(contexts))
        logprobs = np.stack(score_choices(model, [], rows, [ids] * len(rows)))
    else:
        pairs = [(context, choice) for context in contexts for choice in texts]
        logprobs = score(model, *zip(*pairs, strict=True)).reshape(len(contexts), len(texts))
    weights = np.exp(logprobs - logprobs.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    found = []
    for row in shares.tolist():
        soft = dict.fromkeys(choices, 0.0)
        for (label, _), share in zip(flat, row, strict=True):
            soft[label] += share
        found.append(soft)
    return found
