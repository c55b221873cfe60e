"""Turns texts for an app into a request whose prompts are filled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clova_jax.retrieve import Examples, Filled, Hit, Passage, fill, within
from clova_jax.studio.account import ForApp
from clova_jax.studio.apps.content import HISTORY, INPUT, AppContent, ExamplesUse, SessionUse
from clova_jax.studio.errors import ApiError
from clova_jax.studio.schemas import CompletionBody, Parameters
from clova_jax.studio.server import Studio
from clova_jax.studio.store import App, Turn, Version


@dataclass(frozen=True)
class Material:
    """Holds what a template is filled with.

    Args:
        values: of the variables, with the caller's text as `input`.
        hits: passages that fit, best first.
        examples: rows that fit, as they are shown.
        turns: of the session, the oldest first.
    """

    values: Mapping[str, str]
    hits: Sequence[Hit] = ()
    examples: Sequence[str] = ()
    turns: Sequence[Turn] = field(default_factory=list)


async def filled_request(
    studio: Studio, app: App, version: Version, body: CompletionBody, turns: Sequence[Turn] = ()
) -> tuple[CompletionBody, ForApp]:
    """Returns a request to the model in the place of one to an app, and what it is for.

    Args:
        studio: the server.
        app: that is asked.
        version: of the app.
        body: with the caller's texts as prompts; parameters that it gives win over the version's.
        turns: of the session.

    Raises:
        ApiError, ClovaError: a field that an app does not have, an unknown variable, a text that is too long, a
            collection that is not there.
    """
    content = AppContent.model_validate(version.content)
    _check_fields(body)
    values = _values(app, content, body.variables or {})
    given = body.model_fields_set & Parameters.model_fields.keys()
    parameters = {
        name: getattr(body if name in given else content.parameters, name)
        for name in Parameters.model_fields
    }
    filled = []
    for text in body.prompt:
        for value in (text, *values.values()):
            studio.check_length(value)
        material = await _gather(studio, app, version, content, values | {INPUT: text}, turns)
        filled.append(
            await studio.in_encoder(partial(_fill, studio, content, material, parameters))
        )
    sources = [*dict.fromkeys(source for one in filled for source in one.sources)]
    request = body.model_copy(
        update={**parameters, "prompt": [one.text for one in filled], "variables": None}
    )
    for_app = ForApp(
        app.name,
        version.number,
        app.owner,
        values | {INPUT: body.prompt[0]},
        content.keep_texts,
        dict(content.filters),
        sources,
    )
    return request, for_app


def history(session: SessionUse, turns: Sequence[Turn]) -> str:
    """Returns the turns a line each; the greeting stands before them until the first turn is forgotten."""
    lines = []
    if session.greeting and len(turns) < session.turns:
        lines.append(session.bot + _line(session.greeting))
    for said, answered in turns:
        lines += [session.user + _line(said), session.bot + _line(answered)]
    return "".join(f"{line}\n" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _check_fields(body: CompletionBody) -> None:
    for name, wanted in (("echo", body.echo), ("logprobs", body.logprobs is not None)):
        if wanted:
            message = f"{name}: not with an app, whose prompt is its own"
            raise ApiError(400, message, param=name)
    if not all(isinstance(one, str) for one in body.prompt):
        raise ApiError(400, "prompt: an app wants texts, not ids", param="prompt")


def _values(app: App, content: AppContent, given: Mapping[str, str]) -> dict[str, str]:
    """Returns the values of all variables, those that are not given by their default."""
    known = {variable.name: variable.default for variable in content.variables}
    for name in given:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "there is none"
            message = f"variables: app {app.name!r} has no {name[:100]!r}; {there}"
            raise ApiError(400, message, param="variables")
    return known | dict(given)


async def _gather(
    studio: Studio,
    app: App,
    version: Version,
    content: AppContent,
    values: Mapping[str, str],
    turns: Sequence[Turn],
) -> Material:
    """Finds the passages and examples for one text."""
    hits: Sequence[Hit] = ()
    examples: Sequence[str] = ()
    if (use := content.knowledge) is not None:
        query = fill(use.query, values).text
        find = studio.library.search
        hits = await asyncio.to_thread(find, use.collection, app.owner, query, use.passages, use.by)
    if (table := content.examples) is not None:
        rows = await asyncio.to_thread(
            studio.tables.get, (app.id, version.number), partial(_table, table)
        )
        examples = await asyncio.to_thread(rows.nearest, values[INPUT], table.count)
    return Material(values, hits, examples, turns)


def _table(use: ExamplesUse) -> Examples:
    rows = [dict(zip(use.columns, row, strict=True)) for row in use.rows]
    return Examples.build(rows, use.shown, use.compared)


def _fill(
    studio: Studio, content: AppContent, material: Material, parameters: Mapping[str, Any]
) -> Filled:
    """Fills a template within the context: the oldest turns go first, then the passages that fit least.

    Called on the encoder's thread, since it counts tokens.
    """
    backend = studio.backend
    longest = backend.max_length
    most = longest - min(parameters["max_tokens"], longest // 2)

    def count(text: str) -> int:
        return len(backend.tokenizer.encode(text))

    def prompt(turns: Sequence[Turn], passages: Sequence[Passage] = ()) -> Filled:
        values = dict(material.values)
        if content.session is not None:
            values[HISTORY] = history(content.session, turns)
        return fill(content.template, values, passages, material.examples)

    turns = list(material.turns)
    while (used := count(prompt(turns).text)) > most and turns:
        turns = turns[1:]
    tokens = content.knowledge.tokens if content.knowledge else 0
    return prompt(turns, within(material.hits, min(tokens, most - used), count))
