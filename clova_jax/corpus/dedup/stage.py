"""Finds duplicates over all parts together, in files: which documents are dropped, and for which kept one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import whole_file, write_jsonl
from clova_jax.common.progress import progress
from clova_jax.corpus.dedup.pairs import exact_duplicates, resolve_all, similar_pairs
from clova_jax.corpus.dedup.signatures import BANDS, ROWS
from clova_jax.corpus.part import part_arrays, part_counts, part_lines

PairFinder = Callable[[np.ndarray, np.ndarray, float, Path], tuple[list, list]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Holds what the stage found, documents counted in reading order.

    Args:
        keep: bool[n].
        witness: int64[n]: the kept duplicate of a document that is dropped, -1 where it is kept itself.
        similarity: float32[n]: estimated; 1 for exact duplicates.
        exact: bool[n]: which are dropped for having the same letters.
    """

    keep: np.ndarray
    witness: np.ndarray
    similarity: np.ndarray
    exact: np.ndarray

    def save(self, path: Path) -> None:
        """Writes it atomically."""
        with whole_file(path, "wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> "Verdict":
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__slots__})


def find_duplicates(
    parts: Sequence[Path], work: Path, threshold: float, find_pairs: PairFinder | None = None
) -> Verdict:
    """Decides which documents of the parts are dropped. Finished work is kept in `work`, band by band.

    Args:
        parts: in reading order (those of an existing corpus first: their tier is 0).
        work: a folder for the signatures and the pairs.
        threshold: similarity from which a document is a near duplicate; above 1: exact ones only.
        find_pairs: another way to find similar pairs (Spark); by default bands one after the other.
    """
    sizes, digests, tiers = [], [], []
    for part in parts:
        with part_arrays(part) as arrays:
            digests.append(arrays["digests"])
            tiers.append(arrays["tiers"])
            sizes.append(len(tiers[-1]))
    total = sum(sizes)
    if not total:
        none = np.zeros(0, bool)
        return Verdict(none, np.zeros(0, np.int64), np.zeros(0, np.float32), none)
    # Better tiers stand first, and within a tier the order of reading: the first one is kept.
    tier = np.concatenate(tiers)
    order = np.argsort(tier, kind="stable")  # order[rank] = place in reading
    rank = np.empty(total, np.int64)
    rank[order] = np.arange(total)
    first = exact_duplicates(np.concatenate(digests)[order])
    del digests
    same = first != np.arange(total)
    unique = np.flatnonzero(~same)
    witness_rank = np.where(same, first, -1)
    similarity = same.astype(np.float32)

    if threshold <= 1 and len(unique) > 1:
        minhashes = _signature_file(parts, sizes, rank, total, work)
        if find_pairs is None:
            pairs, likeness = _bands(minhashes, unique, threshold, work)
        else:
            pairs, likeness = find_pairs(minhashes, unique, threshold, work)
        for later, (earlier, like) in resolve_all(pairs, likeness, minhashes, threshold).items():
            witness_rank[later], similarity[later] = earlier, like
        # The kept duplicate of an exact duplicate of a dropped document is that one's.
        own = witness_rank >= 0
        behind = np.where(own, witness_rank[np.maximum(witness_rank, 0)], -1)
        witness_rank = np.where(behind >= 0, behind, witness_rank)
        del minhashes
    gone = witness_rank >= 0
    witness = np.full(total, -1, np.int64)
    witness[order[gone]] = order[witness_rank[gone]]
    likeness_read, exact = np.empty(total, np.float32), np.empty(total, bool)
    likeness_read[order], exact[order] = similarity, same
    return Verdict(witness < 0, witness, likeness_read, exact)


def _signature_file(
    parts: Sequence[Path], sizes: list[int], rank: np.ndarray, total: int, work: Path
) -> np.ndarray:
    """Writes uint32[16, total, 4] to a file, bands first: a band is then read sequentially."""
    work.mkdir(parents=True, exist_ok=True)
    path, mark = work / "minhashes.u32", work / "minhashes.done"
    if not mark.is_file():
        table = np.memmap(path, np.uint32, "w+", shape=(BANDS, total, ROWS))
        at = 0
        for part, size in zip(parts, sizes, strict=True):
            with part_arrays(part) as arrays:
                rows = arrays["minhashes"].reshape(size, BANDS, ROWS)
            places = rank[at : at + size]
            for band in range(BANDS):
                table[band, places] = rows[:, band]
            at += size
        table.flush()
        with whole_file(mark):
            pass
    return np.memmap(path, np.uint32, "r", shape=(BANDS, total, ROWS))


def _bands(
    minhashes: np.ndarray, unique: np.ndarray, threshold: float, work: Path
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Finds the similar pairs band by band; a band that is on disk is read."""
    pairs, likeness = [], []
    for band in progress(range(BANDS), desc="duplicates", unit=" bands"):
        path = work / f"band-{band:02d}.npz"
        if not path.is_file():
            found, like = similar_pairs(minhashes, band, unique, threshold)
            with whole_file(path, "wb") as file:
                np.savez(file, pairs=found, likeness=like)
        with np.load(path, allow_pickle=False) as arrays:
            pairs.append(arrays["pairs"])
            likeness.append(arrays["likeness"])
    return pairs, likeness


def write_matches(parts: Sequence[Path], verdict: Verdict, path: Path) -> None:
    """Writes a line per duplicate: `id`, `kept` (the id of its kept duplicate), `kind`, `similarity`."""
    ids = _Ids(parts)

    def rows():
        for place in np.flatnonzero(~verdict.keep).tolist():
            yield {
                "id": ids[place],
                "kept": ids[int(verdict.witness[place])],
                "kind": "exact" if verdict.exact[place] else "near",
                "similarity": round(float(verdict.similarity[place]), 3),
            }

    write_jsonl(path, rows())


class _Ids:
    """Holds the ids of all documents by number, packed: a list of strings would take five times the memory."""

    def __init__(self, parts: Sequence[Path]) -> None:
        blobs, lengths = [], []
        for part in parts:
            with part_arrays(part) as arrays:
                blobs.append(arrays["ids"])
                lengths.append(arrays["id_lengths"])
        self._blob = np.concatenate(blobs)
        self._ends = np.cumsum(np.concatenate(lengths), dtype=np.int64)

    def __getitem__(self, place: int) -> str:
        start = int(self._ends[place - 1]) if place else 0
        return self._blob[start : int(self._ends[place])].tobytes().decode("utf-8", "surrogatepass")


def rows_at(parts: Sequence[Path], places: set[int]) -> dict[int, dict[str, Any]]:
    """Reads the documents of some numbers, for the report's samples."""
    found: dict[int, dict[str, Any]] = {}
    start = 0
    for part in parts:
        end = start + part_counts(part)["kept"]
        wanted = {place - start for place in places if start <= place < end}
        for at, line in enumerate(part_lines(part) if wanted else ()):
            if at in wanted:
                found[start + at] = json.loads(line)
        start = end
    return found
