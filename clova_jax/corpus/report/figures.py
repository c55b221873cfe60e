"""Collects the report's figures: by source and by reason, with samples of what was dropped or masked."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import read_jsonl
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.clean.steps import STEPS
from clova_jax.corpus.dedup.stage import Verdict, rows_at
from clova_jax.corpus.documents import BadLines
from clova_jax.corpus.forms.fits import Counts
from clova_jax.corpus.part import kept_sizes
from clova_jax.corpus.settings import Cleaning, Job
from clova_jax.corpus.sources import read_sources, source_of

SAMPLES = 20
_EXCERPT = 160


@dataclass(frozen=True)
class Cleaned:
    """Holds what the stages before writing have made.

    Args:
        job: the run.
        cleaning: its settings, with the files that were made for the steps.
        external: parts of the corpus compared with.
        parts: parts of the input, in reading order.
        verdict: of the search for duplicates, over `external` and then `parts`.
        errors: files and lines that could not be read before cleaning.
        pages: parts of the kept documents in their forms, where forms were asked for.
        fits: how many documents each form fits (`corpus.forms.fits`).
    """

    job: Job
    cleaning: Cleaning
    external: list[Path]
    parts: list[Path]
    verdict: Verdict
    errors: BadLines
    pages: list[Path] = field(default_factory=list)
    fits: Counts = field(default_factory=dict)

    @property
    def written(self) -> list[Path]:
        """Returns the parts whose documents are written."""
        return self.pages or self.parts


def build(
    cleaned: Cleaned, counts: Sequence[Mapping[str, Any]], copies: np.ndarray
) -> dict[str, Any]:
    """Builds the report as JSON values; nothing in it depends on the machine, the workers or the time.

    Args:
        cleaned: what the stages have made.
        counts: of each part (`part_counts`).
        copies: how often each document of the written parts is written, int32[n].
    """
    cleaning = cleaned.cleaning
    changes, by_source = _sums(cleaning, counts)
    rows = _source_rows(cleaned, by_source, copies)
    drops = _drops(rows, by_source)
    bad_lines = cleaned.errors.count + sum(count["bad_lines"] for count in counts)
    messages = [*cleaned.errors.first]
    messages += [message for count in counts for message in count["bad_line_messages"]]
    index = cleaning.evaluation_index if "evaluation" in cleaning.steps else None
    samples = _samples(cleaned)
    masked = [sample for count in counts for sample in count["masked"]]
    masked.sort(key=lambda sample: _order(sample["id"] + sample["text"]))
    return {
        "settings": _settings(cleaned.job),
        "documents": {"read": sum(r["read"] for r in rows), "kept": sum(r["kept"] for r in rows)},
        "bytes": {
            "read": sum(r["read_bytes"] for r in rows),
            "kept": sum(r["kept_bytes"] for r in rows),
        },
        "sources": rows,
        "forms": cleaned.fits,
        "drops": {reason: drops[reason] for reason in sorted(drops)},
        "changes": {name: dict(sorted(count.items())) for name, count in changes.items()},
        "evaluation_texts": dict(sorted(EvaluationIndex.load(index).counts.items()))
        if index
        else {},
        "bad_lines": {"count": bad_lines, "messages": messages[:100]},
        "warnings": _warnings(cleaning, bad_lines),
        "idle_steps": _idle(changes, drops),
        "samples": {reason: samples[reason] for reason in sorted(samples) if samples[reason]},
        "masked": masked[: 5 * SAMPLES],
    }


def _sums(
    cleaning: Cleaning, counts: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Counter], dict[str, Counter]]:
    """Sums over the parts: what each step changed, and the counts of each source."""
    changes = {step.name: Counter() for step in STEPS if step.name in cleaning.steps}
    by_source: dict[str, Counter] = {}
    for count in counts:
        for name, values in count["sources"].items():
            by_source.setdefault(name, Counter()).update(values)
        for name, values in count["changes"].items():
            changes[name].update(values)
    return changes, by_source


def _source_rows(
    cleaned: Cleaned, by_source: dict[str, Counter], copies: np.ndarray
) -> list[dict[str, Any]]:
    """Makes the row of each source; adds the duplicates to its counts."""
    numbers, sizes, names = kept_sizes(cleaned.parts)
    verdict = cleaned.verdict
    here = len(verdict.keep) - len(numbers)
    keep, exact = verdict.keep[here:], verdict.exact[here:]
    registry = read_sources(cleaned.cleaning.sources)
    kept_of, kept_bytes_of = _written(cleaned, copies)
    rows = []
    for name in sorted(by_source):
        count, known = by_source[name], source_of(name, registry)
        mine = numbers == names.index(name) if name in names else np.zeros(len(numbers), bool)
        for reason, gone in (("exact", ~keep & exact), ("near", ~keep & ~exact)):
            count[f"dedup/{reason}"] = int((mine & gone).sum())
            count[f"dedup/{reason}/bytes"] = int(sizes[mine & gone].sum())
        kept_bytes = kept_bytes_of[name]
        row = {
            "source": name,
            "kind": known.kind,
            "tier": known.tier,
            "read": count["read"],
            "kept": kept_of[name],
            "read_bytes": count["read_bytes"],
            "kept_bytes": kept_bytes,
            "kept_share": 100 * kept_bytes / max(count["read_bytes"], 1),
            "dropped": {
                reason: number
                for reason, number in sorted(count.items())
                if "/" in reason and not reason.endswith("/bytes") and number
            },
        }
        rows.append(row)
    return rows


def _written(cleaned: Cleaned, copies: np.ndarray) -> tuple[Counter, Counter]:
    """Counts documents and bytes that are written, by source."""
    numbers, sizes, names = kept_sizes(cleaned.written)
    documents = np.bincount(numbers, copies, len(names))
    size = np.bincount(numbers, copies * sizes, len(names))
    return (
        Counter({name: int(count) for name, count in zip(names, documents, strict=True)}),
        Counter({name: int(count) for name, count in zip(names, size, strict=True)}),
    )


def _drops(
    rows: Sequence[Mapping[str, Any]], by_source: Mapping[str, Counter]
) -> dict[str, dict[str, int]]:
    """Sums what was dropped over the sources, by `step/reason`."""
    drops: dict[str, dict[str, int]] = {}
    for row in rows:
        for reason, number in row["dropped"].items():
            total = drops.setdefault(reason, {"documents": 0, "bytes": 0})
            total["documents"] += number
            total["bytes"] += by_source[row["source"]][f"{reason}/bytes"]
    return drops


def _idle(changes: Mapping[str, Counter], drops: Mapping[str, Any]) -> list[str]:
    """Names the steps that changed and dropped nothing."""
    idle = [name for name, count in changes.items() if not sum(count.values())]
    return [name for name in [*idle, "dedup"] if not any(d.startswith(name + "/") for d in drops)]


def _warnings(cleaning: Cleaning, bad_lines: int) -> list[str]:
    """Collects the warnings of the steps, the last step first, and one of lines that could not be read."""
    steps = [step for step in reversed(STEPS) if step.name in cleaning.steps]
    warnings = [warning for step in steps if (warning := step.warning(cleaning))]
    if bad_lines:
        warnings.append(f"{bad_lines} lines or files could not be read; see bad_lines")
    return warnings


def _settings(job: Job) -> dict[str, Any]:
    """Returns the settings of a run that change its outcome."""
    settings = asdict(job)
    for name in ("out", "workers", "executor"):
        settings.pop(name)
    return {name: _plain(value) for name, value in settings.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, int | float | str | bool | None) else str(value)


def _order(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _drop_samples(parts: list[Path]) -> dict[str, list[dict[str, str]]]:
    """Chooses a few drops per reason by a hash of their ids, however the work was split."""
    heaps: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
    for part in parts:
        for _, row in read_jsonl(part.with_name(part.name + ".dropped.jsonl.zst")):
            heap = heaps.setdefault(f"{row['step']}/{row['reason']}", [])
            key = (-int.from_bytes(_order(row["id"])), row["id"])
            item = (*key, row)
            if len(heap) < SAMPLES:
                heapq.heappush(heap, item)
            elif key > heap[0][:2]:
                heapq.heapreplace(heap, item)
    return {
        reason: [
            {name: row[name] for name in ("id", "source", "detail", "text")}
            for *_, row in sorted(heap, key=lambda item: item[:2], reverse=True)
        ]
        for reason, heap in heaps.items()
    }


def _samples(cleaned: Cleaned) -> dict[str, list[dict[str, Any]]]:
    """Chooses what was dropped to show, by `step/reason`."""
    every = [*cleaned.external, *cleaned.parts]
    samples: dict[str, list[dict[str, Any]]] = {}
    samples |= _drop_samples(cleaned.parts)
    samples["dedup/exact"] = _duplicate_samples(every, cleaned.verdict, True)
    samples["dedup/near"] = _duplicate_samples(every, cleaned.verdict, False)
    return samples


def _duplicate_samples(every: list[Path], verdict: Verdict, exact: bool) -> list[dict[str, Any]]:
    gone = np.flatnonzero(~verdict.keep & (verdict.exact == exact))
    if not len(gone):
        return []
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(gone, min(SAMPLES, len(gone)), replace=False)).tolist()
    kept = verdict.witness[chosen].tolist()
    rows = rows_at(every, {*chosen, *kept})
    return [
        {
            "id": rows[place]["id"],
            "source": rows[place]["source"],
            "detail": f"{float(verdict.similarity[place]):.2f} like {rows[other]['id']}",
            "text": rows[place]["text"][:_EXCERPT],
            "kept": rows[other]["text"][:_EXCERPT],
        }
        for place, other in zip(chosen, kept, strict=True)
    ]
