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
from clova_jax.studio.store import Conflict, Limits, Missing, Prompt, Store
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


def test_a_new_database_is_its_owner_s_alone(store, tmp_path):
    store.add_key("web")
    files = list((tmp_path / "deep").iterdir())
    assert "studio.db" in {path.name for path in files}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


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
store.add_collection(sys.argv[2], "")
content = {"template": "{input}"}
number = 0
while True:
    name = f"{sys.argv[2]}-{number}"
    print("key", store.add_key(name), flush=True)
    assert store.save_prompt(Prompt(name, "", "m", "[P] {text}", b"0123", 1))
    print("prompt", name, flush=True)
    store.save_document(sys.argv[2], "", name, name.encode() * 50_000, 1)
    print("document", name, flush=True)
    store.add_app(name, "", content)
    print("version", name, 1, flush=True)
    store.set_label(name, "", "service", 1, None)
    print("label", name, 1, flush=True)
    store.add_version(name, "", content, "", 1)
    print("version", name, 2, flush=True)
    store.set_label(name, "", "service", 2, 1)
    print("label", name, 2, flush=True)
    store.set_label(name, "", "service", 1, 2)
    print("label", name, 1, flush=True)
    app = store.find_app(name).id
    store.add_turn(app, "session", ["a", "b"], 9)
    print("turn", name, flush=True)
    number += 1
"""


def killed_in_the_middle(url, kills):
    """Counts acknowledged writes that are not there after a writer was killed so many times."""
    acknowledged = []
    for number in range(kills):
        command = [sys.executable, "-c", WRITER, url, str(number)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(1 + 5 * number % 23):
            acknowledged.append(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
        writer.wait()
    # The last line of a killed writer may be cut, but a line is written at once here.
    rows = [line.split() for line in acknowledged if line.endswith("\n")]
    store = Store(url)
    kept = _kept(store, rows)
    lost = [row for row in rows if row not in kept]
    _check_labels(store)
    store.close()
    return rows, lost


def _kept(store, rows):
    """What of all that was written is there."""
    found = [row for row in rows if row[0] == "key" and store.find_key(row[1])]
    found += [["prompt", prompt.name] for prompt in store.list_prompts()]
    for collection in store.list_collections(""):
        for number, name in store.document_ids(collection.id).items():
            assert store.document_data(number) == name.encode() * 50_000
            found.append(["document", name])
    for summary in store.list_apps(""):
        app = summary.app
        found += [["version", app.name, str(v.number)] for v in store.list_versions(app.id)]
        found += [["label", app.name, str(one.number)] for one in store.label_log(app.id)]
        found += [["turn", app.name] for _ in store.turns(app.id, "session")]
    return found


def _check_labels(store):
    """Every label is where its log says that it was put last."""
    for summary in store.list_apps(""):
        log = store.label_log(summary.app.id)
        assert store.labels(summary.app.id).get("service") == (log[0].number if log else None)


def test_a_killed_writer_loses_no_acknowledged_write(url):
    written, lost = killed_in_the_middle(url, 2)
    assert len(written) >= 5
    assert not lost


@pytest.mark.slow
def test_fifty_killed_writers_lose_no_acknowledged_write(url):
    written, lost = killed_in_the_middle(url, 50)
    assert len(written) > 200
    assert {row[0] for row in written} >= {"document", "version", "label", "turn"}
    assert not lost


@pytest.mark.claims("services")
def test_fifty_killed_writers_lose_no_acknowledged_write_on_postgresql(postgres_url):
    written, lost = killed_in_the_middle(postgres_url, 50)
    assert len(written) > 200
    assert {row[0] for row in written} >= {"document", "version", "label", "turn"}
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


def fill_apps(store):
    """Goes through collections, apps, versions, labels and sessions."""
    store.add_collection("강", "me")
    for data in (b"1", b"22"):
        store.save_document("강", "me", "a.txt", data, 1)
    (collection,) = store.list_collections("me")
    (document,) = store.list_documents(collection.id)
    assert (collection.documents, document.bytes, document.name) == (1, 2, "a.txt")
    store.add_app("앱", "me", {"template": "\U0001f642", "knowledge": {"collection": "강"}}, "처음")
    assert store.add_version("앱", "me", {"template": "x"}, "", 1) == 2
    store.set_label("앱", "me", "service", 1, None)
    for call in (
        lambda: store.add_app("앱", "you", {}),
        lambda: store.add_collection("강", "you"),
        lambda: store.add_version("앱", "me", {}, "", 1),
        lambda: store.set_label("앱", "me", "service", 2, None),
        lambda: store.set_label("앱", "me", "service", 2, 2),
        lambda: store.delete_collection("강", "me"),
    ):
        with pytest.raises(Conflict):
            call()
    for call in (
        lambda: store.find_app("앱", "you"),
        lambda: store.delete_app("앱", "you"),
        lambda: store.delete_document("강", "me", "b.txt"),
        lambda: store.delete_collection("강", "you"),
        lambda: store.set_label("앱", "me", "service", 9, 1),
    ):
        with pytest.raises(Missing):
            call()
    app = store.find_app("앱", "me")
    assert store.labelled_version(app.id, "service").content["template"] == "\U0001f642"
    assert [one.number for one in store.label_log(app.id)] == [1]
    store.set_access("앱", "me", True, Limits(2, 3), True)
    assert store.find_shared(store.find_app("앱").share).limits == Limits(2, 3)
    for number in range(4):
        assert store.add_turn(app.id, "s", [str(number), "a"], 2) == min(number + 1, 2)
    assert store.turns(app.id, "s") == [["2", "a"], ["3", "a"]]
    store.delete_app("앱", "me")
    assert store.turns(app.id, "s") == []
    store.delete_collection("강", "me")
    assert store.document_data(document.id) is None
    store.add_app("앱", "me", {})
    assert store.find_app("앱").id > app.id


def test_apps_and_collections(store):
    fill_apps(store)


@pytest.mark.claims("services")
def test_apps_and_collections_on_postgresql(postgres_url):
    store = Store(postgres_url)
    fill_apps(store)
    store.close()


def published_at_once(url):
    """How four processes end that publish a version and move a label at the same time, ten times."""
    code = """
import sys
from clova_jax.studio.store import Conflict, Store
store, won = Store(sys.argv[1]), [0, 0]
input()
for number in range(1, 11):
    try:
        won[0] += bool(store.add_version("앱", "", {}, sys.argv[2], number))
    except Conflict:
        pass
    try:
        was = number - 1 or None
        won[1] += store.set_label("앱", "", "test", number, was) is None
    except Conflict:
        pass
    while store.newest_version(store.find_app("앱").id).number <= number:
        pass
    while store.labels(store.find_app("앱").id).get("test", 0) < number:
        pass
print(*won)
"""
    store = Store(url)
    store.add_app("앱", "", {})
    processes = [
        subprocess.Popen([sys.executable, "-c", code, url, str(n)], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for n in range(4)
    ]  # fmt: skip
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    won = [list(map(int, process.communicate()[0].split())) for process in processes]
    app = store.find_app("앱").id
    assert [version.number for version in store.list_versions(app)] == [*range(11, 0, -1)]
    assert [one.number for one in store.label_log(app)] == [*range(10, 0, -1)]
    store.close()
    return [sum(column) for column in zip(*won, strict=True)]


@pytest.mark.slow
def test_of_versions_published_at_once_one_is_kept(url):
    assert published_at_once(url) == [10, 10]


@pytest.mark.claims("services")
def test_of_versions_published_at_once_one_is_kept_on_postgresql(postgres_url):
    assert published_at_once(postgres_url) == [10, 10]
