"""Reads pairs of answers, the better one first, and encodes them."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl, write_jsonl
from clova_jax.common.json_values import fields
from clova_jax.evaluate import digest
from clova_jax.inference import Model, split_ids


@dataclass(frozen=True)
class Preference:
    """Holds a prompt with two answers.

    Args:
        prompt: what was asked.
        chosen, rejected: the better answer, and the other one.
        place: `file:line`, for errors.
    """

    prompt: str
    chosen: str
    rejected: str
    place: str = ""


@dataclass(frozen=True)
class Pair:
    """Holds a preference as ids.

    Args:
        context: of the prompt.
        chosen, rejected: of the answers with `<|endoftext|>`, which an answer that was cut lacks.
    """

    context: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


def read_preferences(path: str | Path) -> list[Preference]:
    """Reads JSON Lines of `prompt, chosen, rejected`, as TRL and the Studio write them.

    Raises:
        ClovaError: no row, a row that lacks a field, an empty answer, two equal answers.
    """
    found = []
    for number, row in read_jsonl(path):
        place = f"{path}:{number}"
        texts = fields(row, place, {"prompt": str, "chosen": str, "rejected": str})
        for name in ("chosen", "rejected"):
            if not texts[name].strip():
                raise ClovaError(f"{place}: {name} is empty")
        if texts["chosen"] == texts["rejected"]:
            raise ClovaError(f"{place}: chosen and rejected are the same text")
        found.append(Preference(**texts, place=place))
    if not found:
        raise ClovaError(f"{path}: has no rows")
    return found


def write_preferences(path: str | Path, preferences: Iterable[Preference]) -> None:
    """Writes what `read_preferences` reads."""
    keys = ("prompt", "chosen", "rejected")
    write_jsonl(Path(path), ({key: getattr(one, key) for key in keys} for one in preferences))


def encode_pairs(model: Model, preferences: Sequence[Preference]) -> tuple[list[Pair], int]:
    """Encodes preferences; also counts those of which an answer was cut at its end to fit the context.

    Raises:
        ClovaError: a prompt that leaves no room for an answer in the model's context, or two answers that are the same tokens
            (after the cut); the place is named.
    """
    tokenizer, longest = model.tokenizer, model.config.max_length
    prompts = [one.prompt for one in preferences]
    sides = [
        split_ids(tokenizer, prompts, [getattr(one, name) for one in preferences])
        for name in ("chosen", "rejected")
    ]
    pairs, cut = [], 0
    for one, (context, chosen), (other, rejected) in zip(preferences, *sides, strict=True):
        if (
            context != other
        ):  # the answers merge with the prompt's end in two ways: both go after the prompt's own ids
            context = tokenizer.encode(one.prompt.rstrip()) or [tokenizer.end_of_text]
            tail = one.prompt[len(one.prompt.rstrip()) :]
            chosen, rejected = (tokenizer.encode(tail + t) for t in (one.chosen, one.rejected))
        room, place = longest - len(context), one.place or repr(one.prompt[:40])
        if room < 1:
            raise ClovaError(
                f"{place}: the prompt has {len(context)} tokens and leaves no room for an answer in a context of {longest}"
            )
        answers = [(*ids, tokenizer.end_of_text) for ids in (chosen, rejected)]
        kept = [ids[:room] for ids in answers]
        if kept[0] == kept[1]:
            why = f"as far as the context of {longest} goes" if kept != answers else "to this model"
            raise ClovaError(f"{place}: chosen and rejected are the same tokens {why}")
        cut += kept != answers
        pairs.append(Pair(tuple(context), *kept))
    return pairs, cut


def digest_of(pairs: Iterable[Pair]) -> str:
    """Returns a short hash of pairs in order, by which a run knows its own."""
    return digest([str(dataclasses.astuple(one)) for one in pairs])
