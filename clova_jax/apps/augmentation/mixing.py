"""Mixes labelled examples into new ones with soft labels: GPT3Mix, which is also called HyperMix (Yoo et al. 2021).

Two examples of different classes stand in the prompt, each followed by its label in brackets. The model writes a third up to
where its bracket opens; how likely each label is there is the soft label. NAVER's code looks for labels of one token among
100 alternatives, and tries again where it finds none; here every label is scored, however many tokens it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete, score
from clova_jax.tokenizers import as_written

MOST_TOKENS = 100  # of a text, as in NAVER's code
SAMPLING = {"temperature": 1.0, "top_p": 0.9, "frequency_penalty": 0.02}


@dataclass(frozen=True)
class MixedText:
    """Holds a text as it was written.

    Args:
        text: without spaces at its ends.
        soft: label -> probability, 1 together; empty where the text is refused.
        reason: `empty`, `broken` (a line break comes before the bracket) or `too long`; empty where it is accepted.
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
        labels: all labels, two or more, none the beginning of another.
        text_type: what a text is called.
        label_type: what a label is called.
    """

    labels: Sequence[str]
    text_type: str = "글"
    label_type: str = "분류"

    def __post_init__(self) -> None:
        labels = list(self.labels)
        if len(set(labels)) < 2 or not all(label.strip() for label in labels):
            raise ClovaError(f"labels {labels}: wants two or more, none empty")
        for one in labels:
            for other in labels:
                if one != other and other.startswith(one):
                    raise ClovaError(
                        f"label {one!r} begins another, {other!r}: its likelihood would hold that one's too; rename one"
                    )

    @property
    def bracket(self) -> str:
        """Returns what opens the bracket of a label; the space before the label belongs to that."""
        return f" ({self.label_type}:"

    def text(self, examples: Sequence[tuple[str, str]]) -> str:
        """Returns the prompt with examples, each (text, label), up to where the next text begins."""
        names = ", ".join(f"'{label}'" for label in self.labels)
        head = f"다음은 {self.text_type} 목록입니다. 괄호 안은 {self.label_type}입니다 ({names} 중 하나)."
        lines = [f"{self.text_type}: {text}{self.bracket} {label})" for text, label in examples]
        return "\n".join([head, "", *lines, f"{self.text_type}:"])


def augment(
    model: Model,
    examples: Sequence[str],
    labels: Sequence[str],
    *,
    count: int,
    seed: int,
    text_type: str = "글",
    label_type: str = "분류",
    **sampling: Any,
) -> list[MixedText]:
    """Writes texts between two examples of different classes each, with soft labels.

    Args:
        model: the writer.
        examples: texts to mix.
        labels: of the examples.
        count: texts to write, refused ones among them.
        seed: of all draws.
        text_type, label_type: what the prompt calls texts and labels.
        **sampling: of `Sampling`, in place of `SAMPLING`.

    Raises:
        ClovaError: fewer labels than two, one that begins another or that the tokenizer cannot write.
    """
    names = list(dict.fromkeys(labels))
    prompt = MixPrompt(names, text_type, label_type)
    for name in names:
        if as_written(model.tokenizer, f" {name}") != f" {name}":
            raise ClovaError(f"label {name!r}: the model's tokenizer cannot write it")
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
    found = complete(model, prompts, seed=seed, stop=prompt.bracket, **options)
    reasons = [_reason(done.text, done.finish) for done in found]
    kept = [number for number, reason in enumerate(reasons) if not reason]
    soft = soft_labels(model, [prompts[i] + found[i].text + prompt.bracket for i in kept], names)
    by_number = dict(zip(kept, soft, strict=True))
    return [
        MixedText(done.text.strip(), by_number.get(number, {}), reason, before)
        for number, (done, reason, before) in enumerate(zip(found, reasons, prompts, strict=True))
    ]


def _reason(text: str, finish: str) -> str:
    if finish != "stop":
        return "too long"
    if "\n" in text.strip():
        return "broken"
    return "" if any(map(str.isalnum, text)) else "empty"


def soft_labels(
    model: Model, contexts: Sequence[str], labels: Sequence[str]
) -> list[dict[str, float]]:
    """Returns how likely each label is after each context, a space before it, 1 together over the labels."""
    if not contexts:
        return []
    pairs = [(context, f" {label}") for context in contexts for label in labels]
    logprobs = score(model, *zip(*pairs, strict=True)).reshape(len(contexts), len(labels))
    weights = np.exp(logprobs - logprobs.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    return [dict(zip(labels, row.tolist(), strict=True)) for row in shares]
