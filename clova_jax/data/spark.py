"""Encodes the files of a corpus on Spark: an executor a file, which all see in the same place.

The records (`data.records`) are those of a Hadoop streaming mapper, and are joined alike.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.corpus import session
from clova_jax.data.records import FileTask, map_file
from clova_jax.data.store import Tokenizer


def map_on_spark(files: Sequence[Path], tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the records of each file into a folder that all executors share.

    Raises:
        ClovaError: PySpark is not installed; the folder holds something; a file cannot be read.
    """
    context = session().sparkContext
    if folder.is_dir() and any(folder.iterdir()):
        raise ClovaError(f"{folder}: is not empty; give the records a folder of their own")
    encoder = str(folder.absolute() / "_tokenizer")
    tokenizer.save(encoder)
    tasks = [
        FileTask(path.absolute(), folder.absolute() / f"{number:05d}.jsonl.zst")
        for number, path in enumerate(files)
    ]

    def encode(task: FileTask) -> str | None:
        try:
            map_file(task, _loaded(encoder))
        except ClovaError as error:  # a line, where Spark would show a traceback of Java
            return str(error)
        return None

    for message in context.parallelize(tasks, len(tasks)).map(encode).collect():
        if message is not None:
            raise ClovaError(message)


@functools.lru_cache(maxsize=1)
def _loaded(folder: str) -> Any:
    from clova_jax.tokenizers import load_tokenizer

    return load_tokenizer(folder)
