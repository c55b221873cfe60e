"""Fills the places of a prompt: variables, passages that were found, examples.

What is put into a place is data. It is never looked at again: braces in it expand nothing, whoever wrote it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clova_jax.common.errors import ClovaError
from clova_jax.retrieve.documents import Passage
from clova_jax.retrieve.index import Hit

KNOWLEDGE, EXAMPLES = "knowledge", "examples"
SEPARATOR = "\n\n"  # between passages, and between examples

_NAME = r"[^\W\d]\w*"
_PLACE = re.compile(rf"\{{\{{({_NAME})\}}\}}|\{{({_NAME})\}}")


@dataclass(frozen=True)
class Filled:
    """Holds a prompt whose places are filled.

    Args:
        text: the prompt.
        sources: the passages that stand in it, in order.
    """

    text: str
    sources: tuple[Passage, ...] = ()


def fill(
    template: str,
    variables: Mapping[str, str],
    knowledge: Sequence[Passage] = (),
    examples: Sequence[str] = (),
) -> Filled:
    """Fills the places of a template.

    Args:
        template: text with places: `{name}` for a variable, `{knowledge}`, `{examples}`. `{{name}}` stands for
            the text `{name}`; braces around anything else than a name are plain text.
        variables: values by name; those that the template does not ask for are left out.
        knowledge: passages (`within` takes them from what was found).
        examples: texts (`Examples.nearest`).

    Raises:
        ClovaError: a place without a value, or a variable called `knowledge` or `examples`.
    """
    for name in (KNOWLEDGE, EXAMPLES):
        if name in variables:
            raise ClovaError(f"variable {name!r}: {{{name}}} is filled from elsewhere; rename it")
    values = {
        **variables,
        KNOWLEDGE: SEPARATOR.join(passage.text for passage in knowledge),
        EXAMPLES: SEPARATOR.join(examples),
    }
    asked: set[str] = set()

    def value(match: re.Match[str]) -> str:
        plain, name = match.groups()
        if plain:
            return f"{{{plain}}}"
        if name not in values:
            raise ClovaError(
                f"template: no value for {{{name}}}; there are {', '.join(values)}; "
                f"{{{{{name}}}}} stands for the plain text"
            )
        asked.add(name)
        return values[name]

    text = _PLACE.sub(value, template)
    return Filled(text, tuple(knowledge) if KNOWLEDGE in asked else ())


def places(template: str) -> list[str]:
    """Returns the names that a template asks for, in order, each once."""
    return [*dict.fromkeys(name for _, name in _PLACE.findall(template) if name)]


def within(hits: Iterable[Hit], budget: int, count: Callable[[str], int]) -> list[Passage]:
    """Returns the best passages whose texts together, with what stands between them, keep to a budget.

    One that does not fit is passed over; a shorter one after it may fit.

    Args:
        hits: best first.
        budget: tokens.
        count: returns the tokens of a text.
    """
    taken: list[Passage] = []
    for hit in hits:
        texts = [passage.text for passage in (*taken, hit.passage)]
        if count(SEPARATOR.join(texts)) <= budget:
            taken.append(hit.passage)
    return taken
