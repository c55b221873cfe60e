"""Measures how soon text comes from the Studio, how much of it, and what a long flood leaves behind.

    python -m benchmarks.studio [--model DIR] [--rounds 5]
    python -m benchmarks.studio --size tiny --flood 600

Streams over loopback, at 1, 8 and 32 at once, of the Studio and of `transformers serve` (its `/v1/completions`; `pip install
'transformers[serving]'`) on the export of the same model; both servers are up and take turns. `--flood` keeps 1,000 streams open, cuts a fifth of them midway, and compares every complete text with its solo run.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report

PROMPTS = [
    "옛날 옛적에 호랑이가",
    "서울은",
    "이 영화는 정말",
    "오늘 날씨가 좋아서",
    "학교에서 친구와",
]
STREAMS = (1, 8, 32)
LEAST_STREAMS = 20  # that a percentile is taken of
FLOOD_STREAMS = 1_000
OURS, PEER = "clova studio", "transformers serve"
GOAL = 1.0


def make_model(folder: Path, size: str) -> Path:
    """Writes a model of a small shape with random weights, and a tokenizer of the sample world's text."""
    from clova_jax import SIZES, LanguageModel, train_tokenizer
    from clova_jax.common.files import read_jsonl
    from clova_jax.sample import write_sample

    world = folder.parent / "world"
    write_sample(world, megabytes=0.5)
    texts = [
        row["text"]
        for path in world.rglob("*.jsonl*")
        for _, row in read_jsonl(path)
        if "text" in row
    ]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=4096)
    config = dataclasses.replace(SIZES[size], vocab_size=tokenizer.vocab_size, max_length=1024)
    LanguageModel.create(config, tokenizer, seed=1).save(folder)
    return folder


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command: list[str], url: str, path: str) -> subprocess.Popen:
    """Starts a server and waits until it answers."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(1_800):
        try:
            if httpx.get(url + path).status_code == 200:
                return server
        except httpx.HTTPError:
            pass
        if server.poll() is not None:
            raise SystemExit(f"{command[0]} ended with status {server.returncode}")
        time.sleep(0.1)
    raise SystemExit(f"{url}{path} does not answer")


@contextlib.contextmanager
def serving(command: list[str], url: str, path: str) -> Iterator[subprocess.Popen]:
    """Keeps a server up until the block ends."""
    server = start(command, url, path)
    try:
        yield server
    finally:
        stop(server)


def stop(server: subprocess.Popen) -> None:
    """Ends a server."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()


async def one(
    client: httpx.AsyncClient, model: str, number: int, tokens: int
) -> tuple[float, float, int]:
    """Returns seconds to the first text and to the end, and how many tokens came."""
    body = {
        "model": model,
        "prompt": PROMPTS[number % len(PROMPTS)],
        "max_tokens": tokens,
        "temperature": 1.0,
        "seed": number,
        "stream": True,
        **({"stream_options": {"include_usage": True}} if model == "own" else {}),
    }
    began, first, count = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/completions", json=body) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            choice = (event.get("choices") or [{}])[0]
            if choice.get("text"):
                first = first or time.perf_counter() - began
            if event.get("usage"):
                count = event["usage"]["completion_tokens"]
    return first or time.perf_counter() - began, time.perf_counter() - began, count


@dataclass(frozen=True)
class Round:
    """Holds what streams at once came to: seconds to the first text and to the end of each, and tokens a second."""

    firsts: list[float]
    ends: list[float]
    tokens_per_second: float


async def measure(url: str, model: str, streams: int, tokens: int, turns: int) -> Round:
    """Measures so many streams at once, of so many tokens each, `turns` times."""
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=httpx.Limits()) as client:
        await one(client, model, 0, tokens)
        began, found = time.perf_counter(), []
        for turn in range(turns):
            calls = (one(client, model, turn * streams + n, tokens) for n in range(streams))
            found += await asyncio.gather(*calls)
        seconds = time.perf_counter() - began
    firsts, ends, counts = zip(*found, strict=True)
    return Round(list(firsts), list(ends), sum(counts) / seconds)


async def flood(url: str, model: str, seconds: float, process: int) -> dict[str, float]:
    """Keeps 1,000 streams open, cuts a fifth midway, and compares the texts of the others with their solo runs."""
    errors: list[str] = []
    counts = {"complete": 0, "cut": 0, "different": 0}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=3600, limits=limits) as client:
        solo = {}
        for number in range(40):
            solo[number] = await text_of(client, model, number)
        end, memory = time.monotonic() + seconds, resident(process)
        half = None

        async def worker(own: int) -> None:
            chosen = random.Random(own)
            while time.monotonic() < end:
                number = chosen.randrange(40)
                cut = chosen.randrange(1, 8) if chosen.random() < 0.2 else None
                try:
                    found = await text_of(client, model, number, cut)
                except Exception as error:
                    errors.append(repr(error))
                    continue
                if cut is not None:
                    counts["cut"] += 1
                else:
                    counts["complete"] += 1
                    counts["different"] += found != solo[number]

        async def watch() -> None:
            nonlocal half
            await asyncio.sleep(seconds / 2)
            half = resident(process)

        await asyncio.gather(watch(), *(worker(n) for n in range(FLOOD_STREAMS)))
        await asyncio.sleep(2)
        figures = (await client.get("/metrics")).text
    left = {
        name: float(line.split()[1])
        for name in ("running", "waiting")
        for line in figures.split("\n")
        if line.startswith(f"clova_{name} ")
    }
    for error in sorted(set(errors))[:3]:
        print("error:", error, file=sys.stderr)
    return {
        **counts,
        "errors": len(errors),
        "mib_before": memory,
        "mib_midway": half or 0,
        "mib_after": resident(process),
        "running_after": left["running"],
        "waiting_after": left["waiting"],
    }


async def text_of(
    client: httpx.AsyncClient, model: str, number: int, cut: int | None = None
) -> str:
    """Returns the text of a stream, which is left after `cut` events."""
    body = {
        "model": model,
        "prompt": PROMPTS[number % len(PROMPTS)] + " 그리고" * (number % 3),
        "max_tokens": 8 + number % 24,
        "seed": number,
        "stream": True,
    }
    parts: list[str] = []
    async with client.stream("POST", "/v1/completions", json=body) as answer:
        if answer.status_code != 200:
            raise RuntimeError((await answer.aread()).decode())
        done = False
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                event = json.loads(line[6:])
                if "error" in event:
                    raise RuntimeError(event["error"]["message"])
                parts.append(event["choices"][0]["text"])
            done |= line == "data: [DONE]"
            if cut is not None and len(parts) >= cut:
                return "".join(parts)
    if not done:
        raise RuntimeError("no [DONE]")
    return "".join(parts)


def resident(process: int) -> float:
    """Returns the resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Options:
    """Measures time to first text and tokens a second of the Studio over loopback, or what a long flood leaves behind."""

    model: Path | None = None
    """a model directory; one with random weights by default"""
    size: str = "mini"
    """shape of the model with random weights"""
    slots: int = 32
    """texts that are written together"""
    tokens: int = option(64, least=1)
    """of a stream"""
    peer: bool = True
    """measure `transformers serve` on the export of the model too"""
    rounds: int = option(5, least=1)
    """timed rounds in turn; in all of them together twenty streams at least"""
    flood: float = option(0.0, least=0)
    """seconds of 1,000 streams at once, a fifth of them cut midway"""
    out: Path = Path("runs/benchmark_studio")
    """result folder"""


def run(options: Options) -> None:
    """Starts the servers, measures and writes the report."""
    report = Report("studio", as_json(options))
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        model = options.model or make_model(Path(folder) / "model", options.size)
        url, command = studio_command(model, Path(folder), options)
        server = servers.enter_context(serving(command, url, "/ready"))
        if options.flood:
            figures = asyncio.run(flood(url, "own", options.flood, server.pid))
            report.rows.append({"server": OURS, "streams": FLOOD_STREAMS, **figures})
        else:
            addresses = {OURS: (url, "own")}
            if options.peer:
                url, export, command = peer_command(model, Path(folder))
                servers.enter_context(serving(command, url, "/v1/models"))
                addresses[PEER] = url, export
            report.rows, ratios = in_turn(addresses, options)
            write_ratios(options.out, ratios)
    report.write(options.out)


def in_turn(
    addresses: dict[str, tuple[str, str]], options: Options
) -> tuple[list[dict[str, Any]], list[Ratio]]:
    """Measures the servers in turn at each number of streams; returns a row for each, and ours beside the peer's.

    Args:
        addresses: URL and the model's name of each server.
        options: of the command.
    """
    rows, ratios = [], []
    for streams in STREAMS:
        turns = -(-LEAST_STREAMS // (streams * options.rounds))
        found: dict[str, list[Round]] = {name: [] for name in addresses}
        for _ in range(options.rounds):
            for name, (url, model) in addresses.items():
                measured = asyncio.run(measure(url, model, streams, options.tokens, turns))
                found[name].append(measured)
        for name, rounds in found.items():
            rows.append({"server": name, "streams": streams, **figures_of(rounds)})
            print(rows[-1], flush=True)
        if PEER in found:
            ratios += ratios_of(streams, found[OURS], found[PEER])
    return rows, ratios


def figures_of(rounds: list[Round]) -> dict[str, float]:
    """Returns percentiles over the streams of all rounds, and the median rate."""
    firsts = np.concatenate([one.firsts for one in rounds])
    ends = np.concatenate([one.ends for one in rounds])
    return {
        "first_p50": float(np.percentile(firsts, 50)),
        "first_p99": float(np.percentile(firsts, 99)),
        "complete_p50": float(np.percentile(ends, 50)),
        "complete_p99": float(np.percentile(ends, 99)),
        "tokens_per_second": float(np.median([one.tokens_per_second for one in rounds])),
    }


def ratios_of(streams: int, ours: list[Round], peer: list[Round]) -> list[Ratio]:
    """Compares the rounds' medians of the time to the first text, and their rates."""
    firsts = [[float(np.median(one.firsts)) for one in rounds] for rounds in (ours, peer)]
    rates = [[one.tokens_per_second for one in rounds] for rounds in (ours, peer)]
    about = f"{streams} streams at once" if streams > 1 else "one stream"
    return [
        compare(f"{about}, first text", PEER, *firsts, "s", goal=GOAL, lower=True),
        compare(f"{about}, tokens", PEER, *rates, "tokens/s", goal=GOAL),
    ]


def studio_command(model: Path, folder: Path, options: Options) -> tuple[str, list[str]]:
    """Returns URL and command line of the Studio."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    words = {
        "--model": model,
        "--name": "own",
        "--port": port,
        "--waiting": 2 * FLOOD_STREAMS,
        "--slots": options.slots,
        "--database": f"sqlite:///{folder}/studio.db",
    }
    command = [sys.executable, "-m", "clova_jax", "studio"]
    return url, [*command, *(str(word) for pair in words.items() for word in pair)]


def peer_command(model: Path, folder: Path) -> tuple[str, str, list[str]]:
    """Exports the model; returns URL, the model's name and command line of `transformers serve`."""
    from clova_jax import LanguageModel
    from clova_jax.interop import to_hugging_face

    export = folder / "export"
    to_hugging_face(LanguageModel.load(model), export)
    url = f"http://127.0.0.1:{(port := free_port())}"
    program = [sys.executable, "-c", "from transformers.cli.transformers import main; main()"]
    command = [*program, "serve", str(export), "--port", str(port), "--device", "cpu"]
    return url, str(export), command


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
