"""Defines the content of a version of an app: its template, and all that fills and follows it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from clova_jax.retrieve import places
from clova_jax.studio.schemas import VARIABLE, Body, Name, Parameters, Plain, Policy

INPUT, HISTORY, KNOWLEDGE, EXAMPLES = "input", "history", "knowledge", "examples"
OWN_PLACES = (INPUT, HISTORY, KNOWLEDGE, EXAMPLES)

Template = Annotated[Plain, Field(max_length=100_000)]
Short = Annotated[Plain, Field(max_length=200)]
Long = Annotated[Plain, Field(max_length=10_000)]
By = Annotated[
    list[Literal["bigrams", "morphemes", "words", "vectors"]], Field(min_length=1, max_length=4)
]


class InTwoLanguages(Body):
    """Holds a text as the page shows it."""

    ko: Annotated[Plain, Field(max_length=2_000)] = ""
    en: Annotated[Plain, Field(max_length=2_000)] = ""


class Variable(Body):
    """Describes a text that the caller gives beside the input.

    `long` says that the form shows several lines; `default` stands where nothing is given.
    """

    name: str = Field(pattern=VARIABLE, max_length=100)
    label: Short = ""
    default: Long = ""
    long: bool = False


class KnowledgeUse(Body):
    """Says what `{knowledge}` holds: passages of a collection that fit the query, within a bound of tokens."""

    collection: Name
    passages: int = Field(3, ge=1, le=50)
    tokens: int = Field(256, ge=1, le=2**31 - 1)
    query: Template = "{input}"
    by: By = Field(["bigrams"])


class ExamplesUse(Body):
    """Says what `{examples}` holds: the rows of a table that are the most similar to the input."""

    columns: Annotated[list[Short], Field(min_length=1, max_length=50)]
    rows: list[list[Long]] = Field([], max_length=2_000)
    shown: Template
    compared: Template | None = None
    count: int = Field(4, ge=1, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("columns: wants names that differ")
        if taken := {KNOWLEDGE, EXAMPLES} & set(self.columns):
            raise ValueError(f"columns: {min(taken)!r} is filled from elsewhere; rename it")
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {number} has {len(row)} cells where there are {len(self.columns)} columns"
                )
        for name in ("shown", "compared"):
            _check_template(name, getattr(self, name) or "", self.columns)
        return self


class SessionUse(Body):
    """Says what `{history}` holds: the last turns, a line each, after the words that name who speaks."""

    turns: int = Field(6, ge=1, le=100)
    user: Short = "사용자: "
    bot: Short = "봇: "
    greeting: Annotated[Plain, Field(max_length=2_000)] = ""


class AppContent(Body):
    """Holds all of one version of an app."""

    title: InTwoLanguages = InTwoLanguages()
    about: InTwoLanguages = InTwoLanguages()
    template: Template
    variables: list[Variable] = Field([], max_length=50)
    parameters: Parameters = Parameters()
    filters: Policy = Field({})
    knowledge: KnowledgeUse | None = None
    examples: ExamplesUse | None = None
    session: SessionUse | None = None
    keep_texts: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [variable.name for variable in self.variables]
        for name in names:
            if name in OWN_PLACES:
                raise ValueError(f"variables: {{{name}}} is filled from elsewhere; rename it")
            if names.count(name) > 1:
                raise ValueError(f"variables: there are two called {name!r}")
        parts = {KNOWLEDGE: self.knowledge, EXAMPLES: self.examples, HISTORY: self.session}
        given = [place for place, part in parts.items() if part is not None]
        _check_template("template", self.template, [*names, INPUT, *given])
        if self.knowledge is not None:
            _check_template("knowledge: query", self.knowledge.query, [*names, INPUT])
        return self


class AppCheck(Body):
    """Holds an input and what is wanted of the answer to it, by the rules of `apps/prompted/checks.py`."""

    input: Long
    variables: dict[str, Long] = Field({})
    wants: dict[str, Any]


class AppFile(Body):
    """An app as it goes in and out; checks are for `experiments.prompt_apps` alone, and not kept."""

    clova_studio_app: Literal[1]
    name: Name
    note: Annotated[Plain, Field(max_length=2_000)] = ""
    content: AppContent
    checks: list[AppCheck] = Field([], max_length=1_000)


def _check_template(what: str, template: str, known: Sequence[str]) -> None:
    """Checks that a template asks for nothing but what is known.

    Raises:
        ValueError: it does; the message names the place.
    """
    for name in places(template):
        if name not in known:
            raise ValueError(
                f"{what}: asks for {{{name}}}; there are {', '.join(known)}; "
                f"{{{{{name}}}}} stands for the plain text"
            )
