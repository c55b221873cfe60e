"""Keeps JAX's compiled programs in the user's cache folder, so that a second start need not compile.

    $CLOVA_COMPILATION_CACHE, $XDG_CACHE_HOME/clova_jax/programs or ~/.cache/clova_jax/programs
        <machine>/<key>    SHA-256 of the rest, then the program as JAX packs it

`CLOVA_COMPILATION_CACHE=off` does without; a cache of the user's own (JAX_COMPILATION_CACHE_DIR) is left alone.
JAX's key stands for the program, the compiler's version and flags and the device; `machine` for the CPU's
instructions, since machines that differ may share a home folder. JAX's own files have no checksum and may be
left half written; these are replaced in one step, and a damaged one is compiled again.
"""

import contextlib
import hashlib
import os
import platform
import sys
from pathlib import Path

import jax

LIMIT = 1 << 30  # bytes of all programs together; the longest unused go first
VARIABLE = "CLOVA_COMPILATION_CACHE"
_DIGEST = 32  # bytes


def use_compilation_cache() -> Path | None:
    """Turns the cache on, once; returns its folder, or None where it stays off.

    It stays off where the user turned it off or has a cache of JAX's, and where the folder cannot be written or
    belongs to another user: a compiled program is code that will be run.
    """
    root = cache_folder()
    if root is None or jax.config.jax_compilation_cache_dir:
        return None
    try:
        from jax._src import compilation_cache
    except ImportError:
        return None
    if not hasattr(compilation_cache, "get_file_cache"):  # the one place where JAX makes its cache
        return None
    folder = root / _machine()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = folder.stat()
    except OSError:
        return None
    if owner.st_uid != os.getuid() or owner.st_mode & 0o022 or not os.access(folder, os.W_OK):
        return None
    compilation_cache.get_file_cache = lambda path: (Programs(path), path)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
    return folder


def cache_folder() -> Path | None:
    """Returns the folder of the programs: $CLOVA_COMPILATION_CACHE, or one in the user's cache folder; None: no cache."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return None if given.lower() in ("", "0", "off", "no", "false") else Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):  # no home
        own = "Library/Caches" if sys.platform == "darwin" else ".cache"
        return Path(base or Path.home() / own) / "clova_jax" / "programs"
    return None


def _machine() -> str:
    """Returns a short hash of the CPU's instruction set, which compiled programs depend on."""
    about = platform.machine() + platform.processor()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n")
        about += next(line for line in lines if line.startswith(("flags", "Features")))
    return hashlib.sha256(about.encode()).hexdigest()[:16]


class Programs:
    """Implements JAX's cache interface (`jax._src.compilation_cache_interface`): bytes by key, in a folder."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def get(self, key: str) -> bytes | None:
        """Returns the program of a key; None where there is none, or a damaged one, which is removed."""
        path = self._path / key
        try:
            content = path.read_bytes()
            if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
                path.unlink()
                return None
            os.utime(path)  # it was used now
        except OSError:
            return None
        return content[_DIGEST:]

    def put(self, key: str, value: bytes) -> None:
        """Stores a program in one step; does nothing where the folder cannot be written."""
        part = self._path / f".{key[-40:]}.{os.getpid()}"
        try:
            self._make_room(len(value) + _DIGEST)
            part.write_bytes(hashlib.sha256(value).digest() + value)
            part.replace(self._path / key)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()

    def _make_room(self, size: int) -> None:
        files = []
        for path in self._path.parent.glob("*/*"):
            with contextlib.suppress(OSError):  # another process has removed it
                about = path.stat()
                files.append((about.st_mtime, about.st_size, path))
        total = sum(used for _, used, _ in files) + size
        for _, used, path in sorted(files):
            if total <= LIMIT:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= used
