"""The store: keys as hashes, prompts, migrations, and writes that survive a killed process."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from clova_jax.common.errors import ClovaError
from clova_jax.studio.store import Limits, Prompt, Store
from clova_jax.studio.store.tables import METADATA


def made(name):
    return Prompt(name, "me", "model", "[P]*2 {text}", b"\0" * 16, 2, {"steps": 3})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/deep/studio.db"


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


def test_a_key_is_found_by_itself_and_kept_as_a_hash(store, tmp_path):
    assert not store.has_keys()
    key = store.add_key("web", Limits(requests=60, tokens=1000), {"curse": "mask"})
    assert store.has_keys()
    found = store.find_key(key)
    assert (found.name, found.limits, found.filters) == ("web", Limits(60, 1000), {"curse": "mask"})
    assert store.find_key(key + "x") is None
    assert store.add_key("phone") != key
    held = b"".join(path.read_bytes() for path in (tmp_path / "deep").iterdir())
    assert key.encode() not in held


def test_a_revoked_key_is_useless_and_its_name_is_free(store):
    key = store.add_key("web")
    store.revoke_key("web")
    assert store.find_key(key) is None
    assert not store.has_keys()
    assert store.find_key(store.add_key("web")).name == "web"
    assert [row.revoked is None for row in store.list_keys()] == [False, True]


def test_mistakes_with_keys_are_named(store):
    store.add_key("web")
    for call, words in (
        (lambda: store.add_key("web"), "there is one of this name"),
        (lambda: store.add_key(""), "from 1 to 100"),
        (lambda: store.revoke_key("none"), "there is none of this name"),
    ):
        with pytest.raises(ClovaError, match=words):
            call()


def test_prompts_come_back_as_they_were_in_another_process_too(store, url):
    assert store.save_prompt(made("nsmc"))
    assert not store.save_prompt(made("nsmc"))
    other = Store(url)
    (found,) = other.list_prompts()
    assert (found.vectors, found.template, found.about) == (
        b"\0" * 16,
        "[P]*2 {text}",
        {"steps": 3},
    )
    assert other.delete_prompt("nsmc")
    assert not other.delete_prompt("nsmc")
    assert store.list_prompts() == []
    other.close()


def test_the_migrations_make_the_tables_that_the_code_knows(url, store):
    with sa.create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("bad", ["nonsense", "mysql://a/b", "sqlite:////proc/none/x.db"])
def test_a_database_that_cannot_be_is_one_clear_error(bad):
    with pytest.raises((ClovaError, OSError)):
        Store(bad)


def test_a_damaged_database_is_one_clear_error(url, store, tmp_path):
    store.close()
    (tmp_path / "bad.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ClovaError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/bad.db")


WRITER = """
import sys
from clova_jax.studio.store import Prompt, Store
store = Store(sys.argv[1])
number = 0
while True:
    name = f"{sys.argv[2]}-{number}"
    print("key", store.add_key(name), flush=True)
    assert store.save_prompt(Prompt(name, "", "m", "[P] {text}", b"0123", 1))
    print("prompt", name, flush=True)
    number += 1
"""


def killed_in_the_middle(url, kills):
    """Counts acknowledged writes that are not there after a writer was killed so many times."""
    acknowledged = []
    for number in range(kills):
        command = [sys.executable, "-c", WRITER, url, str(number)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(1 + 3 * number % 11):
            acknowledged.append(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
        writer.wait()
    # The last line of a killed writer may be cut, but a line is written at once here.
    rows = [line.split() for line in acknowledged if line.endswith("\n")]
    store = Store(url)
    names = {prompt.name for prompt in store.list_prompts()}
    lost = [
        row
        for row in rows
        if (row[0] == "key" and store.find_key(row[1]) is None)
        or (row[0] == "prompt" and row[1] not in names)
    ]
    store.close()
    return len(rows), lost


def test_a_killed_writer_loses_no_acknowledged_write(url):
    written, lost = killed_in_the_middle(url, 2)
    assert written >= 5
    assert not lost


@pytest.mark.slow
def test_fifty_killed_writers_lose_no_acknowledged_write(url):
    written, lost = killed_in_the_middle(url, 50)
    assert written > 200
    assert not lost


@pytest.mark.claims("services")
def test_fifty_killed_writers_lose_no_acknowledged_write_on_postgresql(postgres_url):
    written, lost = killed_in_the_middle(postgres_url, 50)
    assert written > 200
    assert not lost


@pytest.mark.claims("services")
def test_postgresql_keeps_keys_and_prompts(postgres_url):
    store = Store(postgres_url)
    key = store.add_key("one", Limits(1, 2), {"personal": "block"})
    assert store.find_key(key).filters == {"personal": "block"}
    with pytest.raises(ClovaError, match="there is one of this name"):
        store.add_key("one")
    assert store.save_prompt(made("p"))
    assert not store.save_prompt(made("p"))
    assert store.list_prompts()[0].vectors == b"\0" * 16
    store.revoke_key("one")
    assert store.find_key(key) is None
    store.close()
