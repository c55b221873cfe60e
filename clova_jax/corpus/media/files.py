"""Keeps the files of media under their hashes: a name tells nobody's number, and equal files are kept once."""

import contextlib
import os
import shutil
import urllib.parse
from dataclasses import replace
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, read_whole
from clova_jax.common.hashes import hash_file
from clova_jax.corpus.media.medium import Medium, mime_of
from clova_jax.corpus.media.transcripts import masked_cues, read_cues
from clova_jax.corpus.places import shown_name
from clova_jax.corpus.read.blocks import decode

FOLDER = "media"
_LONGEST_TRACK = 1 << 24  # bytes


class Keeper:
    """Finds the files that documents name, below the data alone, and keeps them.

    Args:
        base: the folder of the data; a path that begins with `/` is taken from here.
        out: the prepared folder; files go to its `media/`.
    """

    def __init__(self, base: Path, out: Path) -> None:
        self.base, self.out = base.resolve(), out

    def keep(self, medium: Medium, folder: Path) -> Medium:
        """Returns the medium with hash, size, type and transcript, its file kept.

        Args:
            medium: as its document names it.
            folder: of the document.

        Raises:
            ClovaError: a file is missing, is elsewhere or of another hash; a track is no text.
        """
        # The paths of a folder that was prepared are not those of its documents' folder; a hash says that it is the file.
        starts = [folder, self.base] if medium.sha256 else [folder]
        source = self._find(medium.path, starts, medium.type)
        digest = hash_file(source)
        if medium.sha256 and medium.sha256 != digest:
            raise ClovaError(
                f"{medium.type} {shown_name(source)}: its SHA-256 is {digest[:12]}…, the document says "
                f"{medium.sha256[:12]}…; the file was changed"
            )
        suffix = source.suffix.lower() if source.suffix[1:].isalnum() else ""
        name = f"{FOLDER}/{digest[:2]}/{digest}{suffix if len(suffix) < 9 else ''}"
        _store(source, self.out / name)
        transcript = medium.transcript
        if medium.track:
            track = self._find(medium.track, [folder], f"transcript of {medium.type}")
            transcript = tuple(read_cues(decode(read_whole(track, _LONGEST_TRACK), track)))
        return replace(
            medium,
            path=name,
            sha256=digest,
            size=source.stat().st_size,
            mime=medium.mime or mime_of(source.name),
            transcript=tuple(masked_cues(transcript)),
            track="",
        )

    def has(self, path: str, folder: Path) -> bool:
        """Checks whether a file can be found."""
        try:
            return bool(self._find(path, [folder], ""))
        except ClovaError:
            return False

    def _find(self, path: str, folders: list[Path], what: str) -> Path:
        """Returns the file of a path or URL that a document names.

        Raises:
            ClovaError: there is none, or it lies elsewhere.
        """
        try:
            parts = urllib.parse.urlsplit(path)
        except ValueError as error:  # brackets that do not close
            raise ClovaError(f"{what} {path}: not an address ({error})") from None
        if parts.netloc or parts.scheme not in ("", "file"):
            raise ClovaError(f"{what} {path}: not on this machine; save it beside the page")
        written = [path, urllib.parse.unquote(parts.path)]  # a file's own name may have a % or a #
        for name in dict.fromkeys(written):
            for start in [self.base] if name.startswith("/") else folders:
                with contextlib.suppress(OSError, ValueError):  # too long a name, a NUL
                    found = on_disk(start / name.lstrip("/"))
                    if not found.resolve().is_relative_to(self.base):
                        raise ClovaError(f"{what} {path}: lies outside of {shown_name(self.base)}")
                    if found.is_file():
                        return found
        raise ClovaError(f"{what} {path}: no such file below {shown_name(folders[0])}")


def _store(source: Path, target: Path) -> None:
    """Links a file to its place, or copies it where that cannot be."""
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), new)
    except OSError:
        shutil.copyfile(source, new)
    os.replace(new, target)
