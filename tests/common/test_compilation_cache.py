"""The cache of compiled programs: bounded, private, and never believed where it is damaged."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from clova_jax.common import compilation_cache
from clova_jax.common.compilation_cache import Programs, cache_folder

PROGRAM = """
import jax, jax.numpy as jnp
from clova_jax.common.compilation_cache import use_compilation_cache
compiled = []
jax.monitoring.register_event_listener(lambda name, **_: compiled.append(name))
folder = use_compilation_cache()
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
print(folder)
print(jax.jit(lambda x: jnp.sin(x) @ x.T)(jnp.ones((3, 3)))[0, 0])
print(sum(name.endswith("/cache_hits") for name in compiled))
"""


def start(folder, **more):
    """A process that compiles one program: its cache, its answer, how many programs it found."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "CLOVA_COMPILATION_CACHE": str(folder), **more},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    where, answer, hits = done.stdout.split()
    return where, answer, int(hits)


def test_whoever_loads_a_model_has_the_cache(tmp_path):
    program = "import jax; from clova_jax import LanguageModel; print(jax.config.jax_compilation_cache_dir)"
    environment = {**os.environ, "CLOVA_COMPILATION_CACHE": str(tmp_path)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert Path(done.stdout.decode().strip()).parent == tmp_path


def test_a_second_process_finds_what_the_first_compiled_and_damage_is_healed(tmp_path):
    where, answer, hits = start(tmp_path / "cache")
    assert hits == 0
    assert Path(where).parent == tmp_path / "cache"
    assert Path(where).stat().st_mode & 0o077 == 0
    programs = {path: path.read_bytes() for path in Path(where).iterdir()}
    assert programs
    assert start(tmp_path / "cache") == (where, answer, len(programs))
    for at, path in enumerate(programs):
        content = bytearray(programs[path])
        content[len(content) // 2] ^= 1
        path.write_bytes(content if at % 2 else content[:-10])
    assert start(tmp_path / "cache") == (where, answer, 0)
    assert start(tmp_path / "cache") == (where, answer, len(programs))


@pytest.mark.parametrize("place", ["file", "writable by all", "off"])
def test_where_there_can_be_no_cache_there_is_none(tmp_path, monkeypatch, request, place):
    folder = tmp_path / "cache"
    of_these_tests = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)  # else it were the user's own
    request.addfinalizer(lambda: jax.config.update("jax_compilation_cache_dir", of_these_tests))
    if place == "file":
        folder.write_text("in the way")
    elif place == "writable by all":
        inner = folder / compilation_cache._machine()
        inner.mkdir(parents=True)
        inner.chmod(0o777)
    monkeypatch.setenv("CLOVA_COMPILATION_CACHE", "off" if place == "off" else str(folder))
    assert compilation_cache.use_compilation_cache() is None


def test_a_cache_of_the_user_s_own_is_left_alone(tmp_path):
    own = str(tmp_path / "own")
    where, _, _ = start(tmp_path / "cache", JAX_COMPILATION_CACHE_DIR=own)
    assert where == "None"
    assert not (tmp_path / "cache").exists()


def test_the_folder_is_the_user_s_choice_or_the_system_s_custom(monkeypatch, tmp_path):
    monkeypatch.setenv("CLOVA_COMPILATION_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    for word in ("off", "OFF", "0", ""):
        monkeypatch.setenv("CLOVA_COMPILATION_CACHE", word)
        assert cache_folder() is None
    monkeypatch.delenv("CLOVA_COMPILATION_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "clova_jax" / "programs"


def test_the_longest_unused_go_when_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation_cache, "LIMIT", 1_000)
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "old").write_bytes(b"x" * 500)  # of another machine, or another version
    os.utime(tmp_path / "before" / "old", (0, 0))
    (tmp_path / "now").mkdir()
    programs = Programs(tmp_path / "now")
    for number, name in enumerate("abc"):
        programs.put(name, bytes(270))
        os.utime(tmp_path / "now" / name, (number + 1, number + 1))
    assert not (tmp_path / "before" / "old").exists()
    assert programs.get("a") == bytes(270)  # used now: b is the oldest
    programs.put("d", bytes(270))
    assert [programs.get(name) is None for name in "abcd"] == [False, True, False, False]
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= 1_000


def test_what_cannot_be_written_is_no_error(tmp_path):
    programs = Programs(tmp_path / "not" / "there")
    programs.put("key", b"program")
    assert programs.get("key") is None
