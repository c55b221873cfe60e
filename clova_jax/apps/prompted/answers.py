"""Answers inputs with an app's prompt, or by one of three rules that need no model; says what is unfit for service."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clova_jax.apps.filters import Filters
from clova_jax.apps.prompted.app import Asked, PromptApp
from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, complete

_REPEATED = 3  # times that four words may not follow each other in an answer


@dataclass(frozen=True)
class Answer:
    """Holds what was written for an input.

    Args:
        text: as the filters leave it.
        ended: whether it ended by itself.
        blocked: whether the filters refused it.
        examples: that stood in the prompt.
    """

    text: str
    ended: bool = True
    blocked: bool = False
    examples: int = 0


def answer(
    model: Model, app: PromptApp, asked: Sequence[Asked], *, samples: int = 1, seed: int = 0
) -> list[list[Answer]]:
    """Returns `samples` answers to each input, written in one batch and filtered.

    A prompt has as many examples as fit into the context beside the answer; greedy apps answer once.

    Raises:
        ClovaError: a prompt that does not fit even without an example.
    """
    prompts, counts = zip(*(_fitting(model, app, one) for one in asked), strict=True)
    drawn = samples if app.sampling.get("temperature", 0.0) > 0 else 1
    written = complete(model, prompts, num_samples=drawn, seed=seed, **app.sampling)
    filters, found = Filters(), []
    policy = filters.check(app.policy)
    for number, done in enumerate(written):
        text, blocked = filters.apply(done.text.strip(), policy)
        count = counts[number // drawn]
        found.append(Answer(text.strip(), done.finish != "length", blocked, count))
    return [found[at : at + drawn] for at in range(0, len(found), drawn)]


def fits(model: Model, app: PromptApp, asked: Asked) -> bool:
    """Tells whether the prompt of an input has room in a model's context."""
    try:
        _fitting(model, app, asked)
    except ClovaError:
        return False
    return True


def _fitting(model: Model, app: PromptApp, asked: Asked) -> tuple[str, int]:
    """Returns the prompt with as many examples as fit, and their number."""
    room = model.config.max_length - min(
        app.sampling["max_new_tokens"], model.config.max_length // 2
    )
    for count in range(min(app.count, len(app.rows)), -1, -1):
        prompt = app.prompt(asked, count)
        if len(model.tokenizer.encode(prompt)) <= room:
            return prompt, count
    raise ClovaError(
        f"{app.file}: the prompt alone leaves no room in a context of {model.config.max_length}; "
        f"shorten {asked.text[:30]!r} or take a model of longer rows"
    )


def constant(app: PromptApp, asked: Asked) -> str:
    """Returns the commonest answer among the examples whatever is asked; of equals the first."""
    return Counter(app.answers).most_common(1)[0][0]


def nearest(app: PromptApp, asked: Asked) -> str:
    """Returns the answer of the example whose input is the most similar."""
    return app.nearest_answers.nearest(asked.text, 1)[0]


def echo(app: PromptApp, asked: Asked) -> str:
    """Returns the input."""
    return asked.text


def unfit(given: Answer, names: Sequence[str]) -> str:
    """Returns why an answer is unfit for service whatever was asked, empty where it is fit.

    Args:
        given: the answer.
        names: of the columns and speakers by which a prompt's next block would begin.
    """
    if given.blocked:
        return "blocked"
    if not given.text:
        return "empty"
    if not given.ended:
        return "cut off"
    if any(f"{name}:" in given.text for name in names):
        return "speaks for others"
    words = given.text.split()
    grams = Counter(zip(*(words[i:] for i in range(4)), strict=False))
    if words and (max(grams.values(), default=0) >= _REPEATED):
        return "repeats itself"
    return ""
