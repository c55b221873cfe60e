"""Reads the events of a data folder: products and titles of a shop, or petitions in their place."""

from pathlib import Path

from clova_jax.apps.titles.events import Event, Events
from clova_jax.apps.titles.petitions import read_petitions
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_jsonl
from clova_jax.common.json_values import fields
from clova_jax.labelled import optional_file

KINDS = {"id": str, "date": str, "tags": list[str], "title": str}
SPLITS = ("train", "test")


def read_events(data_dir: str | Path, kept: Path | None = None) -> Events:
    """Reads `events/events_train.jsonl` and `events_test.jsonl`, objects of `id, date, tags, title`; else petitions.

    Args:
        data_dir: the folder.
        kept: where the tags of petitions are kept, which take a minute to find.

    Raises:
        ClovaError: the folder has neither; a row with another field or date, without a tag or a title; an id of two rows.
    """
    folder = Path(data_dir) / "events"
    if optional_file(folder, "events_test.jsonl"):
        train, test = (_read(find_file(folder, f"events_{split}.jsonl")) for split in SPLITS)
        return Events(train, test, True, {"training events": len(train), "test events": len(test)})
    petitions = optional_file(Path(data_dir) / "corpus", "petitions.jsonl")
    if petitions is None:
        raise ClovaError(
            f"{data_dir}: has neither events/events_test.jsonl nor corpus/petitions.jsonl; give a folder with one of them"
        )
    return read_petitions(petitions, kept)


def _read(path: Path) -> list[Event]:
    found: dict[str, Event] = {}
    for number, row in read_jsonl(path):
        place = f"{path}:{number}"
        row = fields(row, place, KINDS)
        if row["id"] in found:
            raise ClovaError(
                f"{place}: the id {row['id']!r} is also that of {found[row['id']].place}"
            )
        found[row["id"]] = Event(
            row["id"], place, row["date"], tuple(row["tags"]), " ".join(row["title"].split())
        )
    if not found:
        raise ClovaError(f"{path}: has no rows")
    return list(found.values())
