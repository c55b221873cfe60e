"""Chooses an answer among the spans of a passage: what a small model cannot copy, it can still recognise."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from clova_jax.apps.answers.adaptation import SEPARATOR
from clova_jax.apps.answers.rivals import sentences
from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, score_continuations

YES_NO = ("예", "아니요")
WORDS, SHORT = 9, 3  # of a span at most; of one whose last word may lose its ending
MOST_TOKENS = 48  # of an answer
_MARKS = " .,!?…~\"'()"
_ENDINGS = re.compile(
    "은|는|이|가|을|를|의|에|에서|에게|에는|와|과|도|로|으로|고|다|이고|이다|였다|이었다|며|이며|라고|이라고"
)


def spans(text: str) -> list[str]:
    """Returns what in a passage could be an answer: up to nine words of a sentence, a short one also without its ending."""
    found: dict[str, None] = {}
    for sentence in sentences(text):
        words = sentence.split()
        for begin in range(len(words)):
            for end in range(begin, min(begin + WORDS, len(words))):
                last = words[end].rstrip(_MARKS)
                for form in _forms(last) if end - begin < SHORT else [last]:
                    if span := " ".join([*words[begin:end], form]).strip(_MARKS):
                        found[span] = None
    return list(found)


def _forms(word: str) -> Iterator[str]:
    """Yields a word, and what is left of it without an ending."""
    yield word
    for length in (1, 2, 3):
        if len(word) > length and _ENDINGS.fullmatch(word[-length:]):
            yield word[:-length]


def choose(
    model: Model, prompts: Sequence[str], passages: Sequence[str]
) -> list[tuple[str, float]]:
    """Returns the span of each passage, or yes or no, that is the likeliest after the prompt, and its log-probability.

    Log-probabilities, the end's with them, are divided by the square root of the number of tokens (a length penalty as in Wu et al.
    2016): by their sum short spans would win, by their mean long ones.

    Args:
        model: has seen answers after such prompts.
        prompts: passage and question, up to where the answer begins.
        passages: what the spans are taken from.

    Raises:
        ClovaError: a prompt leaves no room for a span.
    """
    encode, room = model.tokenizer.encode, model.config.max_length
    found = []
    for prompt, passage in zip(prompts, passages, strict=True):
        ids = encode(prompt)
        longest = min(MOST_TOKENS, room - len(ids))
        asked = [
            (span, tokens)
            for span in [*YES_NO, *(one for one in spans(passage) if one not in YES_NO)]
            if len(tokens := encode(f" {span}{SEPARATOR}")) <= longest
        ]
        if not asked:
            raise ClovaError(
                f"a prompt of {len(ids)} tokens leaves no room for an answer in the model's {room}"
            )
        sums = score_continuations(model, ids, [tokens for _, tokens in asked])
        best = int(np.argmax(sums / np.sqrt([len(tokens) for _, tokens in asked])))
        found.append((asked[best][0], float(sums[best])))
    return found
