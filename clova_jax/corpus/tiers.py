"""Learns the tiers of sources from what metadata say of their links, trust and popularity.

A source is described by the means of four fields over the documents that carry them; sources whose tiers are known
(the user's registry and ours) are the examples, and softmax regression (scikit-learn) fits the weights, which are
few and stand in the model's JSON by name. A field that a source lacks counts as average. How well it does is measured on
each known source by a model of all others. The tiers go where known ones go: into a registry for `clova corpus
--sources`, and from there into cleaning, duplicates and the mixture.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.json_values import fields
from clova_jax.common.progress import progress
from clova_jax.common.workers import Workers
from clova_jax.corpus.documents import BadLines, Block, base_of, numbered_documents
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files
from clova_jax.corpus.read.kin import MOST, number_of
from clova_jax.corpus.sources import SOURCES, Registry, Source, source_of

# Keys of `meta` that a field may have; the first that holds a number (or a list, of which the length) counts.
FIELDS = {
    "links_in": ("links_in", "inlinks", "backlinks", "cited_by"),
    "links_out": ("links_out", "outlinks", "links"),
    "trust": ("trust", "reputation", "official", "certified"),
    "popularity": ("popularity", "views", "visits", "likes", "num_agree", "조회수", "추천수"),
}
FEATURES = tuple(FIELDS)
_COUNTS = ("links_in", "links_out", "popularity")  # by their logarithms


@dataclass
class Described:
    """Sums up what the metadata of a source say.

    Args:
        documents: their number.
        sums: of each field, over the documents that carry it.
        known: how many documents carry it.
    """

    documents: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Described") -> None:
        """Adds other documents of the source."""
        self.documents += other.documents
        for name, count in other.known.items():
            self.known[name] = self.known.get(name, 0) + count
            self.sums[name] = self.sums.get(name, 0.0) + other.sums[name]

    def values(self) -> list[float]:
        """Returns the mean of each of `FEATURES`; NaN where no document carries it."""
        known = self.known
        return [self.sums[n] / known[n] if known.get(n) else math.nan for n in FEATURES]


def field_of(meta: Mapping[str, Any], name: str) -> float | None:
    """Returns the value of a field for one document, counts as log(1 + n); None where it is missing.

    What is no finite number below 10¹⁸ counts as missing.
    """
    for key in FIELDS[name]:
        value = meta.get(key)
        if isinstance(value, list):
            value = len(value)
        elif isinstance(value, str):
            value = value.replace(",", "")
            value = value if value.isdecimal() else None
        number = number_of(value)
        if number is not None and abs(number) < MOST:
            return math.log1p(max(number, 0.0)) if name in _COUNTS else number
    return None


def describe_block(block: Block) -> dict[str, Described]:
    """Describes the sources of a block's documents; lines that hold none are passed over."""
    found: dict[str, Described] = {}
    for _, document in numbered_documents(block, BadLines()):
        one = Described(1)
        for name in FEATURES:
            value = field_of(document.meta, name)
            if value is not None:
                one.sums[name], one.known[name] = value, 1
        found.setdefault(document.source, Described()).add(one)
    return found


def describe_sources(data: str | Path, workers: int | None = None) -> dict[str, Described]:
    """Describes each source of a place (a file, a folder or a glob, as `clova corpus` takes it), by name.

    Raises:
        ClovaError: nothing to read.
    """
    files, errors = input_files(data), BadLines()
    base = base_of(files)
    blocks = (block for group in file_groups(files) for block in group_blocks(group, base, errors))
    found: dict[str, Described] = {}
    with Workers(workers or os.cpu_count() or 1) as many:
        for part in progress(many.map(describe_block, blocks), desc="describe", unit=" blocks"):
            for source, described in part.items():
                found.setdefault(source, Described()).add(described)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class TierModel:
    """Applies softmax regression to the fields of a source.

    Args:
        mean: of each of `FEATURES` over the sources it was trained on.
        scale: their standard deviations.
        weights: by tier, of each feature in standard deviations from the mean.
        bias: by tier, in logits.
        trained: what it was trained on, and how well it does on sources that were held out.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: dict[int, tuple[float, ...]]
    bias: dict[int, float]
    trained: dict[str, Any] = field(default_factory=dict)

    def tier(self, described: Described) -> int | None:
        """Returns the most probable tier; None for a source that carries no field at all."""
        values = np.array(described.values())
        if np.isnan(values).all():
            return None
        row = _standard(values, np.array(self.mean), np.array(self.scale))
        logits = {
            tier: float(row @ np.array(w)) + self.bias[tier] for tier, w in self.weights.items()
        }
        return max(sorted(logits), key=logits.__getitem__)

    def save(self, path: str | Path) -> None:
        """Writes it as JSON, every weight by its name."""
        tiers = {
            str(tier): {"bias": self.bias[tier]} | dict(zip(FEATURES, weights, strict=True))
            for tier, weights in self.weights.items()
        }
        named = {
            name: dict(zip(FEATURES, getattr(self, name), strict=True))
            for name in ("mean", "scale")
        }
        write_json(path, named | {"tiers": tiers, "trained": self.trained})

    @classmethod
    def load(cls, path: str | Path) -> "TierModel":
        """Reads what `save` wrote.

        Raises:
            ClovaError: no such file, or no such model.
        """
        kinds = dict.fromkeys(FEATURES, float)
        found = fields(
            read_json(path), path, {"mean": dict, "scale": dict, "tiers": dict, "trained": dict}
        )
        rows = {
            tier: fields(row, path, kinds | {"bias": float}) for tier, row in found["tiers"].items()
        }
        if not rows or not set(rows) <= {"1", "2", "3"}:
            raise ClovaError(f"{path}: tiers are {', '.join(rows) or 'none'}; expected 1, 2 and 3")
        mean, scale = (fields(found[name], path, kinds) for name in ("mean", "scale"))
        return cls(
            tuple(mean[name] for name in FEATURES),
            tuple(scale[name] for name in FEATURES),
            {int(tier): tuple(row[name] for name in FEATURES) for tier, row in rows.items()},
            {int(tier): row["bias"] for tier, row in rows.items()},
            found["trained"],
        )


def _standard(values: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Returns values in standard deviations from the mean; a missing one is average."""
    return np.nan_to_num((values - mean) / scale)


def _fit(rows: np.ndarray, tiers: np.ndarray) -> TierModel:
    from sklearn.linear_model import LogisticRegression

    seen = ~np.isnan(rows)
    count = np.maximum(seen.sum(0), 1)
    mean = np.where(seen, rows, 0).sum(0) / count
    scale = np.sqrt(np.where(seen, (rows - mean) ** 2, 0).sum(0) / count)
    scale = np.where(scale > 1e-9, scale, 1.0)
    fitted = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1_000)
    fitted.fit(_standard(rows, mean, scale), tiers)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row says how far the second is above the first
        weights, bias = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
    names = fitted.classes_.tolist()
    return TierModel(
        tuple(mean.tolist()),
        tuple(scale.tolist()),
        {tier: tuple(row) for tier, row in zip(names, weights.tolist(), strict=True)},
        dict(zip(names, bias.tolist(), strict=True)),
    )


def train_tiers(sources: Mapping[str, Described], registry: Registry, note: str = "") -> TierModel:
    """Trains on the sources whose tiers are known and that carry a field.

    Args:
        sources: of `describe_sources`.
        registry: the user's sources, beside ours.
        note: names the data.

    Raises:
        ClovaError: known sources of fewer than two tiers carry a field.
    """
    known = {name: (registry.get(name) or SOURCES.get(name)) for name in sources}
    named = [n for n in sources if known[n] and not np.isnan(sources[n].values()).all()]
    rows = np.array([sources[name].values() for name in named]).reshape(-1, len(FEATURES))
    tiers = np.array([known[name].tier for name in named], int)
    if len(set(tiers.tolist())) < 2:
        raise ClovaError(
            f"{note}: {len(named)} sources of known tier carry one of the fields {', '.join(FEATURES)}, of "
            f"{len(set(tiers.tolist()))} tiers; training needs two tiers or more, named in --sources"
        )
    model = _fit(rows, tiers)
    found = [_held_out(rows, tiers, number, sources[name]) for number, name in enumerate(named)]
    model.trained.update(_report(note, sources, named, tiers, found))
    return model


def _held_out(rows: np.ndarray, tiers: np.ndarray, number: int, described: Described) -> int:
    """Returns the tier of a source by a model of all the others; where those are of one tier, that one."""
    others = np.arange(len(tiers)) != number
    if len(set(tiers[others].tolist())) < 2:
        return int(tiers[others][0])
    return _fit(rows[others], tiers[others]).tier(described) or 0


def _report(
    note: str,
    sources: Mapping[str, Described],
    named: Sequence[str],
    tiers: np.ndarray,
    found: list[int],
) -> dict[str, Any]:
    right = np.array(found) == tiers
    most = np.bincount(tiers).max()
    lacking = {name: sum(not s.known.get(name) for s in sources.values()) for name in FEATURES}
    documents = sum(described.documents for described in sources.values())
    without = {
        name: documents - sum(described.known.get(name, 0) for described in sources.values())
        for name in FEATURES
    }
    return {
        "data": note,
        "known_sources": len(named),
        "held_out_right": int(right.sum()),
        "held_out_percent": 100 * float(right.mean()),
        "most_common_tier_percent": 100 * int(most) / len(named),
        "held_out_wrong": {
            name: {"tier": int(tier), "found": guess}
            for name, tier, guess in zip(named, tiers.tolist(), found, strict=True)
            if tier != guess
        },
        "sources": len(sources),
        "documents": documents,
        "sources_without": lacking,
        "documents_without": without,
    }


def learned_sources(
    model: TierModel, sources: Mapping[str, Described], registry: Registry
) -> dict[str, Source]:
    """Returns a registry: known sources as they are, the others with learned tiers; those without a field are left out."""
    found = dict(registry)
    for name, described in sources.items():
        if name in registry or name in SOURCES:
            continue
        tier = model.tier(described)
        if tier is not None:
            found[name] = Source(source_of(name).kind, tier)
    return dict(sorted(found.items()))
