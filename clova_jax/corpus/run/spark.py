"""Runs the same stages on Spark, for corpora that are too large for one machine.

Files are spread over the executors, each writes the parts of its files to the shared folder; the search for
similar pairs is a shuffle by band and bucket. The same code as on one machine decides which documents are dropped,
so that the same ids are kept.
"""

import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from clova_jax.common.extras import import_extra
from clova_jax.corpus.dedup.pairs import band_keys, candidate_pairs
from clova_jax.corpus.dedup.signatures import BANDS, ROWS
from clova_jax.corpus.documents import BadLines
from clova_jax.corpus.part import is_whole
from clova_jax.corpus.run.clean_part import clean_part, group_tasks
from clova_jax.corpus.settings import Cleaning

_SLICE = 200_000  # documents whose signatures travel in one task


def import_pyspark() -> ModuleType:
    """Imports `pyspark.sql`.

    Raises:
        ClovaError: PySpark is not installed.
    """
    return import_extra("pyspark.sql", "spark", "--executor spark")


def session():
    """Returns the running Spark session, or starts a local one on all cores."""
    SparkSession = import_pyspark().SparkSession
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName("clova corpus").config(
        "spark.ui.showConsoleProgress", "false"
    )
    if "SPARK_MASTER" not in os.environ and SparkSession.getActiveSession() is None:
        spark = spark.master(os.environ.get("MASTER", "local[*]"))
    made = spark.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def clean_groups(
    groups: list[list[Path]], base: Path, cleaning: Cleaning, folder: Path
) -> tuple[list[list[Path]], int, list[str]]:
    """Cleans groups of files; the paths must mean the same on every executor.

    Returns:
        The parts of each group, and how much could not be read, with the first messages about it.
    """
    context = session().sparkContext
    numbered = list(enumerate(groups))

    def clean(item: tuple[int, list[Path]]) -> tuple[int, list[str], int, list[str]]:
        errors, names = BadLines(), []
        for task in group_tasks(item[0], item[1], base, cleaning, folder, errors):
            names.append(task.out.name)
            if not is_whole(task.out):
                clean_part(task)
        return item[0], names, errors.count, errors.first

    done = context.parallelize(numbered, max(len(numbered), 1)).map(clean).collect()
    done.sort()
    messages = [message for *_, found in done for message in found]
    count = sum(count for _, _, count, _ in done)
    return [[folder / name for name in names] for _, names, *_ in done], count, messages


def find_pairs(
    minhashes: np.ndarray, unique: np.ndarray, threshold: float, work: Path
) -> tuple[list, list]:
    """Finds similar pairs by a shuffle: the documents of a bucket meet on one executor with their signatures."""
    context = session().sparkContext
    path, shape = str(work / "minhashes.u32"), minhashes.shape
    slices = [unique[at : at + _SLICE] for at in range(0, len(unique), _SLICE)]

    def emit(places: np.ndarray):
        table = np.memmap(path, np.uint32, "r", shape=shape)
        rows = np.ascontiguousarray(table[:, places].transpose(1, 0, 2))
        for band in range(BANDS):
            keys = band_keys(rows[:, band])
            for place, key, row in zip(places.tolist(), keys.tolist(), rows, strict=True):
                yield (band, key), (place, row.tobytes())

    def compare(group) -> list[tuple[int, int, float]]:
        members = sorted(group[1])
        if len(members) < 2:
            return []
        places = np.array([place for place, _ in members])
        rows = np.frombuffer(b"".join(row for _, row in members), np.uint32)
        rows = rows.reshape(len(members), BANDS * ROWS)
        local = np.unique(
            candidate_pairs(np.zeros(len(members), np.uint64), np.arange(len(members))), axis=0
        )
        like = (rows[local[:, 0]] == rows[local[:, 1]]).sum(1) / np.float32(BANDS * ROWS)
        return [
            (int(places[a]), int(places[b]), float(value))
            for (a, b), value in zip(local.tolist(), like.tolist(), strict=True)
            if value >= threshold
        ]

    found = (
        context.parallelize(slices, max(len(slices), 1))
        .flatMap(emit)
        .groupByKey()
        .flatMap(compare)
        .distinct()
        .collect()
    )
    pairs = np.array([pair[:2] for pair in found], np.int64).reshape(-1, 2)
    return [pairs], [np.array([pair[2] for pair in found], np.float32)]
