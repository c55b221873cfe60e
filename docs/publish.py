"""Publishes the table of a finished run: `docs/results/NAME.md` and `.json` beside it, the picture in `docs/figures/`.

python -m docs.publish runs/real --title "A model of real text" --device "2 CPU cores (AMD EPYC)"
python -m docs.publish runs/encoders --as encoders_real --title "BERT beside GPT, on real text" --device "2 CPU cores"

The page holds the command, the table, its notes and the picture; what stands on an older page from its heading
`## What it says` on is written by hand and kept.
"""

import argparse
import importlib
import shlex
import shutil
from pathlib import Path
from typing import Any

from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import as_json, as_words
from clova_jax.common.report import format_table

DOCS = Path(__file__).resolve().parent
KEPT = "## What it says"
FOLDERS = {"data": "DIR", "model": "MODEL", "tokenizer": "TOKENIZER", "run": "RUN"}


def command_of(experiment: str, config: dict[str, Any]) -> str:
    """Returns the command that makes a table, with the flags that are not the default; folders by placeholders."""
    options = importlib.import_module(f"experiments.{experiment}").Options
    usual, words = as_json(options()), ["python", "-m", f"experiments.{experiment}"]
    for name, value in config.items():
        if name == "out" or value == usual.get(name):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif name in FOLDERS and value:
            words += [f"--{flag}", FOLDERS[name]]
        else:
            words += [f"--{flag}", *as_words(value)]
    return shlex.join(words)


def publish(run: Path, title: str, device: str, page_name: str | None = None) -> Path:
    """Writes the page of a run, named after its experiment unless told; returns its path."""
    found = read_json(run / "results.json")
    experiment, config = found["experiment"], dict(found["config"])
    name = page_name or experiment
    command = command_of(experiment, config)
    config["out"] = f"runs/{name}"
    for option in FOLDERS:
        if config.get(option):
            config[option] = FOLDERS[option]
    table = (run / "table.md").read_text(encoding="utf-8").partition("\n\n")[2].strip()
    if not found["paper"]:  # the columns as printed; the rows whole
        table = table or format_table(found["rows"])
    lines = [f"# {title}", f"`{command}`, seed {config.get('seed', 'none')}, on {device}.", table]
    for picture in sorted(run.glob("*.png")):
        stem = picture.stem.replace(experiment, name, 1)
        shutil.copyfile(picture, DOCS / "figures" / f"{stem}.png")
        lines.append(f"![{stem}](../figures/{stem}.png)")
    page = DOCS / "results" / f"{name}.md"
    if page.exists() and KEPT in (before := page.read_text(encoding="utf-8")):
        lines.append(KEPT + before.partition(KEPT)[2].rstrip())
    page.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    write_json(
        page.with_suffix(".json"),
        {
            "result": name,
            "title": title,
            "commands": [command],
            "config": config | {"data": config.get("data") or ""},
            "device": device,
            "rows": found["rows"],
            "paper": found["paper"],
            "environment": found["environment"],
        },
    )
    return page


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--title", required=True)
    parser.add_argument("--as", dest="name", help="of the page, where the experiment has another")
    parser.add_argument("--device", required=True, help="what it was measured on, in words")
    given = parser.parse_args()
    print(publish(given.run, given.title, given.device, given.name))


if __name__ == "__main__":
    main()
