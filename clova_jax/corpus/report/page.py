"""Writes the report as a page of HTML without scripts."""

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clova_jax.common.files import whole_file
from clova_jax.corpus.forms.fits import fit_sentences

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans KR",sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0;font-size:14px}td,th{border:1px solid #ddd;padding:.25rem .5rem;text-align:right;vertical-align:top}
td:first-child,th:first-child,.t td{text-align:left}.bar{background:#2a7;height:.7rem}.gone{background:#c54;height:.7rem}
summary{cursor:pointer;margin:.4rem 0}.w{background:#fff3cd;padding:.5rem 1rem;border-left:4px solid #e0a800;margin:.5rem 0}
@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}.w{background:#3a3210}}
"""


def write_page(report: dict[str, Any], path: Path) -> None:
    """Writes drops by source and reason, with samples to open.

    Args:
        report: of `figures.build`.
        path: the page.
    """
    parts = [*_head(report), *_tables(report), *_unread(report), *_samples(report)]
    with whole_file(path) as file:
        file.write("\n".join(parts))


def _head(report: dict[str, Any]) -> Iterator[str]:
    yield "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    yield f"<title>Corpus report</title><style>{_STYLE}</style><h1>Corpus report</h1>"
    yield (
        f"<p>{report['documents']['kept']:,} of {report['documents']['read']:,} documents kept, "
        f"{report['bytes']['kept'] / 1e6:,.1f} of {report['bytes']['read'] / 1e6:,.1f} MB.</p>"
    )
    for warning in report["warnings"]:
        yield f"<p class=w>{_text(warning)}</p>"
    for sentence in fit_sentences(report["forms"]):
        yield f"<p>{_text(sentence)}.</p>"
    if report["idle_steps"]:
        yield f"<p>Steps that found nothing to do: {', '.join(report['idle_steps'])}.</p>"


def _tables(report: dict[str, Any]) -> Iterator[str]:
    yield "<h2>By source</h2><table><tr><th>source<th>kind<th>tier<th>read<th>kept<th>MB read<th>MB kept<th>kept %<th style='width:12rem'>"
    for row in report["sources"]:
        yield (
            f"<tr><td>{_text(row['source'])}<td>{row['kind']}<td>{row['tier']}<td>{row['read']:,}<td>{row['kept']:,}"
            f"<td>{row['read_bytes'] / 1e6:,.1f}<td>{row['kept_bytes'] / 1e6:,.1f}<td>{row['kept_share']:.1f}"
            f"<td><div class=bar style='width:{min(row['kept_share'], 100):.0f}%'></div>"
        )
    yield "</table><h2>By reason</h2><table><tr><th>step/reason<th>documents<th>MB<th>share of bytes read %"
    total = max(report["bytes"]["read"], 1)
    for reason, row in report["drops"].items():
        yield f"<tr><td>{_text(reason)}<td>{row['documents']:,}<td>{row['bytes'] / 1e6:,.2f}<td>{100 * row['bytes'] / total:.2f}"
    yield "</table><h2>Reasons by source</h2><table><tr><th>source<th>dropped"
    for row in report["sources"]:
        yield f"<tr class=t><td>{_text(row['source'])}<td>{_counts(row['dropped'])}"
    yield "</table><h2>Changed, not dropped</h2><table><tr><th>step<th>what"
    for name, count in report["changes"].items():
        yield f"<tr class=t><td>{name}<td>{_counts(count) or 'nothing'}"
    yield "</table>"


def _unread(report: dict[str, Any]) -> Iterator[str]:
    if report["evaluation_texts"]:
        yield f"<h2>Texts of evaluation sets</h2><p>{_counts(report['evaluation_texts'])}"
    if report["bad_lines"]["count"]:
        yield f"<h2>Could not be read: {report['bad_lines']['count']:,}</h2><ul>"
        for message in report["bad_lines"]["messages"]:
            yield f"<li>{_text(message)}"
        yield "</ul>"


def _samples(report: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Samples of what was dropped</h2>"
    for reason, rows in report["samples"].items():
        yield f"<details><summary>{_text(reason)}</summary><table class=t><tr><th>id<th>source<th>detail<th>text"
        for row in rows:
            kept = f"<br><small>kept: {_text(row['kept'])}</small>" if "kept" in row else ""
            yield f"<tr><td>{_text(row['id'])}<td>{_text(row['source'])}<td>{_text(row['detail'])}<td>{_text(row['text'])}{kept}"
        yield "</table></details>"
    yield "<details><summary>Places masked for privacy</summary><ul>"
    for sample in report["masked"]:
        yield f"<li>{_text(sample['text'])}"
    yield "</ul></details></html>\n"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{_text(key)} {number:,}" for key, number in counts.items())


_text = html.escape
