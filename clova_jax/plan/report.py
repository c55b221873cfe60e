"""Presents the plan as a table, a plot and a few sentences."""

from pathlib import Path
from typing import Any, Protocol

from clova_jax.common.options import as_json
from clova_jax.common.plots import figure
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.config import SIZES
from clova_jax.parallel import CHIPS, GIB, Chip, use_virtual_devices
from clova_jax.plan.compiled import Compiled, compile_run
from clova_jax.plan.memory_use import Run, memory
from clova_jax.plan.search import FIT_SHARE, Candidate, days, rank_meshes, settle
from clova_jax.plan.time import MATMUL_SHARE, seconds, work

COMPILED_IN_A_SWEEP = 5
SHOWN = [
    "mesh",
    "microbatches",
    "remat",
    "fsdp",
    "memory_gib",
    "fits",
    "step_seconds",
    "mfu",
    "days",
    "bubble",
    "compiled_gib",
    "estimate_of_compiled_gib",
]
PAPER = [{"size": "82b", "devices": 1024, "chip": "a100", "tokens": 150_000_000_000, "days": 13.4}]


class Settings(Protocol):
    """Declares the options of `clova plan`."""

    size: str
    mesh: tuple[int, ...]
    chip: str
    global_batch: int
    length: int
    microbatches: int | None
    tokens: int
    schedule: str
    remat: str | None
    fsdp: bool
    sweep: bool
    out: Path
    devices: int


def plan_row(
    size: str, found: Candidate, chip: Chip, tokens: float, compiled: Compiled | None = None
) -> dict[str, Any]:
    """Makes one row of `results.json`; memory in GiB and bytes are of one device.

    Operations and bytes are those of bfloat16 activations and fused attention over the full square. The
    compiled program is float32 and skips part of it: `compiled_gib` and `compiled_flops` are its memory and
    operations, `estimate_of_compiled_gib` and `estimate_of_compiled_flops` our sums for it.
    """
    run = found.run
    terms, parts = memory(run), seconds(run, chip)
    done, step_seconds = work(run), sum(parts.values())
    devices = run.mesh[0] * run.mesh[1] * run.mesh[2]
    step_tokens = run.global_batch * run.length
    useful = run.config.flops_per_token(run.length) * step_tokens
    row = {
        "size": size,
        "mesh": ",".join(map(str, run.mesh)),
        "microbatches": run.microbatches,
        "schedule": run.schedule,
        "remat": run.remat,
        "fsdp": run.fsdp,
        "memory_gib": sum(terms.values()) / GIB,
        "fits": found.fits,
        "mfu": useful / (step_seconds * chip.flops * devices),
        "days": days(step_seconds, tokens, step_tokens),
        "step_seconds": step_seconds,
        "bubble": run.plan.bubble,
        "parameters_gib": terms["parameters"] / GIB,
        "optimizer_gib": terms["optimizer"] / GIB,
        "gradients_gib": terms["gradients"] / GIB,
        "activations_gib": (terms["activations"] + terms["pipeline"]) / GIB,
        "temporary_gib": (terms["scratch"] + terms["loss"] + terms["batch"]) / GIB,
        "flops": done.flops,
        "bytes_data": done.data_bytes,
        "bytes_pipe": done.pipe_bytes,
        "bytes_model": done.model_bytes,
        "seconds": parts,
    }
    if compiled:
        row |= {
            "compiled_gib": compiled.memory / GIB,
            "estimate_of_compiled_gib": sum(memory(run, 4, True).values()) / GIB,
            "compiled_flops": compiled.flops,
            "estimate_of_compiled_flops": work(run, 4, True).flops,
            "compiled_sent_bytes": compiled.sent,
        }
    return row


def make_report(options: Settings) -> Report:
    """Plans, compiles, draws and writes.

    Raises:
        ClovaError: a mesh this model or batch does not divide by.
    """
    chip, config = CHIPS[options.chip], SIZES[options.size]
    settings = {
        "global_batch": options.global_batch,
        "length": options.length,
        "schedule": options.schedule,
    }
    asked = settle(
        config,
        tuple(options.mesh),
        chip,
        microbatches=options.microbatches,
        remat=options.remat,
        fsdp=options.fsdp,
        **settings,
    )
    ranked, refused = rank_meshes(config, options.devices, chip, **settings)
    best = ranked[0]

    use_virtual_devices(options.devices)
    to_compile = [asked.run]
    if options.sweep:
        to_compile += [c.run for c in ranked if c.run != asked.run][:COMPILED_IN_A_SWEEP]
    compiled: dict[Run, Compiled] = {}
    for run in progress(to_compile, "compiling", total=len(to_compile)):
        compiled[run] = compile_run(run)

    def row(found: Candidate) -> dict[str, Any]:
        return plan_row(options.size, found, chip, options.tokens, compiled.get(found.run))

    rows = [row(asked)]
    if options.sweep:
        rows = [row(c) for c in sorted({asked, *ranked}, key=lambda c: c.rank)]
    elif best.rank < asked.rank:
        rows.append(row(best))
    notes = _notes(options, chip, asked, best, rows, refused, row(asked))
    paper = PAPER if options.size == "82b" and options.devices == 1024 else []
    report = Report("plan", as_json(options), rows, paper, notes)
    report.write(options.out, columns=["size", *SHOWN])
    draw(rows[:12], chip, options.out / "plan.png")
    return report


def _notes(
    options: Settings,
    chip: Chip,
    asked: Candidate,
    best: Candidate,
    rows: list[dict[str, Any]],
    refused: dict[tuple[int, int, int], str],
    own: dict[str, Any],
) -> list[str]:
    mesh = own["mesh"]
    fits = "fits" if asked.fits else "does NOT fit"
    notes = [
        f"{options.size} on {mesh} {fits} on {options.chip}: {own['memory_gib']:.1f} of "
        f"{chip.memory / GIB:.0f} GiB a device, of which {FIT_SHARE:.0%} may be used; microbatches="
        f"{own['microbatches']}, remat={own['remat']}, schedule={own['schedule']}.",
        f"Memory is our sum for bfloat16 and fused attention. For the compiled program, float32 with "
        f"attention's scores in memory, the sum gives {own['estimate_of_compiled_gib']:.1f} GiB and the "
        f"compiler {own['compiled_gib']:.1f}.",
        f"Time adds up matrix products at {MATMUL_SHARE:.0%} of {chip.flops / 1e12:.0f} TFLOP/s (an "
        "assumption), memory traffic and communication at published rates, nothing overlapping; idle "
        "stages and recomputation are in the products. Restarts and validation are not.",
        f"{options.tokens:,} tokens: {own['days']:.1f} days at an MFU of {own['mfu']:.1%}.",
    ]
    if best.rank < asked.rank:
        other = rows[-1] if not options.sweep else rows[0]
        notes.append(
            f"Better by these estimates: --mesh {other['mesh']} --microbatches {other['microbatches']} "
            f"--remat {other['remat']}{' --fsdp' if other['fsdp'] else ''}: {other['memory_gib']:.1f} GiB, "
            f"{other['days']:.1f} days, {'fits' if other['fits'] else 'does not fit either'}."
        )
    else:
        notes.append("No mesh of as many devices is better by these estimates.")
    if options.size == "82b" and options.devices == 1024:
        flops = SIZES["82b"].flops_per_token(options.length) * 150e9
        share = flops / (13.4 * 86_400 * 1024 * 312e12)
        notes.append(
            "The paper trained 82B for 150B tokens in 13.4 days on 1,024 A100: with our count of "
            f"operations a use of {share:.0%} of their peak (20% by 6 x parameters x tokens)."
        )
    if options.sweep and refused:
        notes.append(
            f"{len(refused)} meshes are impossible; for example "
            + "; ".join(f"{','.join(map(str, m))}: {why}" for m, why in list(refused.items())[:2])
            + "."
        )
    return notes


_MEMORY = ("parameters", "optimizer", "gradients", "activations", "temporary")
_TIME = ("matmul", "memory", "model", "pipe", "data")


def draw(rows: list[dict[str, Any]], chip: Chip, path: Path) -> None:
    """Draws stacked bars of memory by term and of a step's time by part, a bar a row."""
    height = 1.9 + 0.45 * len(rows)
    with figure(path, 1, 2, (12, height)) as (left, right):
        _bars(rows, chip, left, right)


def _bars(rows: list[dict[str, Any]], chip: Chip, left: Any, right: Any) -> None:
    labels = [
        f"{row['mesh']}  M={row['microbatches']} {row['remat']}{' fsdp' if row['fsdp'] else ''}"
        for row in rows
    ]
    places = range(len(rows))
    for axes, names, value in (
        (left, _MEMORY, lambda row, name: row[f"{name}_gib"]),
        (right, _TIME, lambda row, name: row["seconds"][name]),
    ):
        start = [0.0] * len(rows)
        for name in names:
            widths = [value(row, name) for row in rows]
            axes.barh(places, widths, left=start, label=name, height=0.7)
            start = [a + b for a, b in zip(start, widths, strict=True)]
        axes.invert_yaxis()
        axes.legend(fontsize=7, ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    left.axvline(chip.memory / GIB, color="black", linestyle="--", linewidth=1)
    left.set_yticks(places, labels, fontsize=8)
    right.set_yticks(places, [f"{row['days']:.1f} days, MFU {row['mfu']:.0%}" for row in rows])
    left.set_xlabel("GiB a device (dashed: the chip's memory)")
    right.set_xlabel("seconds a step")
    left.figure.suptitle(f"{rows[0]['size']}: memory and time of a step")
