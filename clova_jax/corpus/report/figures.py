"""What the pipeline did: figures by source and reason, samples to read, and a page that shows them."""

import hashlib
import heapq
import html
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clova_jax.common.files import read_jsonl, whole_file
from clova_jax.corpus.clean.cleaner import STEPS, Cleaning
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.dedup.stage import Verdict, rows_at
from clova_jax.corpus.documents import BadLines
from clova_jax.corpus.sources import read_sources, source_of

if TYPE_CHECKING:
    from clova_jax.corpus.run.pipeline import Job

SAMPLES = 20
_EXCERPT = 160


def kept_sizes(parts: list[Path], copies: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Of every document of the parts: its source's number, its bytes; and the names of sources."""
    names: dict[str, int] = {}
    sources, sizes = [], []
    for part in parts:
        local = _source_names(part)
        numbers = np.array([names.setdefault(name, len(names)) for name in local], np.int64)
        with np.load(part.with_name(part.name + ".npz"), allow_pickle=False) as arrays:
            sources.append(numbers[arrays["sources"]] if len(numbers) else np.zeros(0, np.int64))
            sizes.append(arrays["bytes"])
    none = [np.zeros(0, np.int64)]
    return np.concatenate(sources or none), np.concatenate(sizes or none), list(names)


def _source_names(part: Path) -> list[str]:
    from clova_jax.corpus.part import part_counts

    return list(part_counts(part)["sources"])


def _order(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _drop_samples(parts: list[Path]) -> dict[str, list[dict[str, str]]]:
    """A few drops a reason, chosen by a hash of their ids: no matter how the work was cut up."""
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


def _duplicate_samples(every: list[Path], verdict: Verdict, exact: bool) -> list[dict[str, Any]]:
    gone = np.flatnonzero(~verdict.keep & (verdict.exact == exact))
    if not len(gone):
        return []
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(gone, min(SAMPLES, len(gone)), replace=False)).tolist()
    witnesses = verdict.witness[chosen].tolist()
    rows = rows_at(every, {*chosen, *witnesses})
    return [
        {
            "id": rows[place]["id"],
            "source": rows[place]["source"],
            "detail": f"{float(verdict.similarity[place]):.2f} like {rows[other]['id']}",
            "text": rows[place]["text"][:_EXCERPT],
            "kept": rows[other]["text"][:_EXCERPT],
        }
        for place, other in zip(chosen, witnesses, strict=True)
    ]


def build(
    job: "Job",
    cleaning: Cleaning,
    external: list[Path],
    parts: list[Path],
    counts: list[dict[str, Any]],
    verdict: Verdict,
    copies: np.ndarray,
    errors: BadLines,
) -> dict[str, Any]:
    """The report as JSON values; nothing in it depends on the machine, the workers or the time."""
    by_source: dict[str, Counter] = {}
    changes: dict[str, Counter] = {name: Counter() for name in STEPS if name in cleaning.steps}
    messages, bad_lines = list(errors.first), 0
    for count in counts:
        bad_lines += count["bad_lines"]
        messages += count["bad_line_messages"]
        for name, values in count["sources"].items():
            by_source.setdefault(name, Counter()).update(values)
        for name, values in count["changes"].items():
            changes[name].update(values)
    numbers, sizes, names = kept_sizes(parts, copies)
    here = len(verdict.keep) - len(copies)
    keep, exact = verdict.keep[here:], verdict.exact[here:]
    registry = read_sources(cleaning.sources)
    rows, drops = [], {}
    for name in sorted(by_source):
        count, known = by_source[name], source_of(name, registry)
        mine = numbers == names.index(name) if name in names else np.zeros(len(copies), bool)
        for reason, gone in (("exact", ~keep & exact), ("near", ~keep & ~exact)):
            count[f"dedup/{reason}"] = int((mine & gone).sum())
            count[f"dedup/{reason}/bytes"] = int(sizes[mine & gone].sum())
        kept_bytes = int((sizes * copies)[mine].sum())
        row = {
            "source": name,
            "kind": known.kind,
            "tier": known.tier,
            "read": count["read"],
            "kept": int(copies[mine].sum()),
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
        for reason, number in row["dropped"].items():
            total = drops.setdefault(reason, {"documents": 0, "bytes": 0})
            total["documents"] += number
            total["bytes"] += count[f"{reason}/bytes"]
    samples = _drop_samples(parts)
    every = [*external, *parts]
    samples["dedup/exact"] = _duplicate_samples(every, verdict, True)
    samples["dedup/near"] = _duplicate_samples(every, verdict, False)
    idle = [
        name
        for name in changes
        if not sum(changes[name].values()) and not any(key.startswith(name + "/") for key in drops)
    ]
    if not any(key.startswith("dedup/") for key in drops):
        idle.append("dedup")
    warnings = []
    if "toxicity" in cleaning.steps and cleaning.toxicity == "drop" and not cleaning.toxicity_model:
        warnings.append("no toxicity model: only swear words were looked for (give --safety)")
    if "evaluation" in cleaning.steps and not cleaning.evaluation_index:
        warnings.append("no evaluation sets were given: none was taken out (give --evaluation)")
    if bad_lines or errors.count:
        warnings.append(
            f"{bad_lines + errors.count} lines or files could not be read; see bad_lines"
        )
    index = cleaning.evaluation_index if "evaluation" in cleaning.steps else None
    masked = [sample for count in counts for sample in count["masked"]]
    masked.sort(key=lambda sample: _order(sample["id"] + sample["text"]))
    settings = asdict(job)
    for name in ("out", "workers", "executor"):
        settings.pop(name)
    return {
        "settings": {name: _plain(value) for name, value in settings.items()},
        "documents": {"read": sum(r["read"] for r in rows), "kept": sum(r["kept"] for r in rows)},
        "bytes": {
            "read": sum(r["read_bytes"] for r in rows),
            "kept": sum(r["kept_bytes"] for r in rows),
        },
        "sources": rows,
        "drops": {reason: drops[reason] for reason in sorted(drops)},
        "changes": {name: dict(sorted(count.items())) for name, count in changes.items()},
        "evaluation_texts": dict(sorted(EvaluationIndex.load(index).counts.items()))
        if index
        else {},
        "bad_lines": {"count": bad_lines + errors.count, "messages": messages[:100]},
        "warnings": warnings,
        "idle_steps": idle,
        "samples": {reason: samples[reason] for reason in sorted(samples) if samples[reason]},
        "masked": masked[: 5 * SAMPLES],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, int | float | str | bool | None) else str(value)


_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans KR",sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0;font-size:14px}td,th{border:1px solid #ddd;padding:.25rem .5rem;text-align:right;vertical-align:top}
td:first-child,th:first-child,.t td{text-align:left}.bar{background:#2a7;height:.7rem}.gone{background:#c54;height:.7rem}
summary{cursor:pointer;margin:.4rem 0}.w{background:#fff3cd;padding:.5rem 1rem;border-left:4px solid #e0a800;margin:.5rem 0}
@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}.w{background:#3a3210}}
"""


def write_page(report: dict[str, Any], path: Path) -> None:
    """A page without scripts: drops by source and reason, with samples to open."""
    text = html.escape
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Corpus report</title><style>{_STYLE}</style><h1>Corpus report</h1>",
        f"<p>{report['documents']['kept']:,} of {report['documents']['read']:,} documents kept, "
        f"{report['bytes']['kept'] / 1e6:,.1f} of {report['bytes']['read'] / 1e6:,.1f} MB.</p>",
    ]
    parts += [f"<p class=w>{text(warning)}</p>" for warning in report["warnings"]]
    if report["idle_steps"]:
        parts.append(f"<p>Steps that found nothing to do: {', '.join(report['idle_steps'])}.</p>")
    parts.append(
        "<h2>By source</h2><table><tr><th>source<th>kind<th>tier<th>read<th>kept<th>MB read<th>MB kept<th>kept %<th style='width:12rem'>"
    )
    for row in report["sources"]:
        parts.append(
            f"<tr><td>{text(row['source'])}<td>{row['kind']}<td>{row['tier']}<td>{row['read']:,}<td>{row['kept']:,}"
            f"<td>{row['read_bytes'] / 1e6:,.1f}<td>{row['kept_bytes'] / 1e6:,.1f}<td>{row['kept_share']:.1f}"
            f"<td><div class=bar style='width:{min(row['kept_share'], 100):.0f}%'></div>"
        )
    parts.append(
        "</table><h2>By reason</h2><table><tr><th>step/reason<th>documents<th>MB<th>share of bytes read %"
    )
    total = max(report["bytes"]["read"], 1)
    for reason, row in report["drops"].items():
        parts.append(
            f"<tr><td>{text(reason)}<td>{row['documents']:,}<td>{row['bytes'] / 1e6:,.2f}<td>{100 * row['bytes'] / total:.2f}"
        )
    parts.append("</table><h2>Reasons by source</h2><table><tr><th>source<th>dropped")
    for row in report["sources"]:
        told = ", ".join(f"{text(reason)} {number:,}" for reason, number in row["dropped"].items())
        parts.append(f"<tr class=t><td>{text(row['source'])}<td>{told}")
    parts.append("</table><h2>Changed, not dropped</h2><table><tr><th>step<th>what")
    for name, count in report["changes"].items():
        told = ", ".join(f"{text(key)} {number:,}" for key, number in count.items())
        parts.append(f"<tr class=t><td>{name}<td>{told or 'nothing'}")
    parts.append("</table>")
    if report["evaluation_texts"]:
        told = ", ".join(
            f"{text(key)} {number:,}" for key, number in report["evaluation_texts"].items()
        )
        parts.append(f"<h2>Texts of evaluation sets</h2><p>{told}")
    if report["bad_lines"]["count"]:
        parts.append(f"<h2>Could not be read: {report['bad_lines']['count']:,}</h2><ul>")
        parts += [f"<li>{text(message)}" for message in report["bad_lines"]["messages"]]
        parts.append("</ul>")
    parts.append("<h2>Samples of what was dropped</h2>")
    for reason, rows in report["samples"].items():
        parts.append(
            f"<details><summary>{text(reason)}</summary><table class=t><tr><th>id<th>source<th>detail<th>text"
        )
        for row in rows:
            kept = f"<br><small>kept: {text(row['kept'])}</small>" if "kept" in row else ""
            parts.append(
                f"<tr><td>{text(row['id'])}<td>{text(row['source'])}<td>{text(row['detail'])}<td>{text(row['text'])}{kept}"
            )
        parts.append("</table></details>")
    parts.append("<details><summary>Places masked for privacy</summary><ul>")
    parts += [f"<li>{text(sample['text'])}" for sample in report["masked"]]
    parts.append("</ul></details></html>\n")
    with whole_file(path) as file:
        file.write("\n".join(parts))
