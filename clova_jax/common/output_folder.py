"""Claims the folder that a model, a tokenizer or an export is written into; unknown files in it stay as they are."""

from collections.abc import Callable, Iterable
from pathlib import Path

from clova_jax.common.errors import ClovaError


def claim_folder(
    folder: Path, names: Iterable[str], mark: str | Callable[[Path], bool], what: str
) -> None:
    """Makes a folder ready for files of these names; older ones are replaced only where they are ours.

    Files of other names may lie beside them: nobody touches those.

    Args:
        folder: made where it is missing.
        names: of the files and folders that will be written or removed.
        mark: the name of the file by which a folder of ours is recognized, or a function that recognizes it. The
            file is written first, so that a folder that was left half written is recognized too.
        what: names what is written, for the message.

    Raises:
        ClovaError: one of the names is there, but not the mark; or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ClovaError(f"{folder}: is a file; give another folder for {what}")
    ours = (folder / mark).is_file() if isinstance(mark, str) else mark(folder)
    found = next((name for name in names if (folder / name).exists()), None)
    if found is not None and not ours:
        raise ClovaError(
            f"{folder}: holds {found}, which is not of {what} and would be overwritten; give another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
