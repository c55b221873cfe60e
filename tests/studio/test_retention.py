"""What is older than it may be kept is deleted, in batches, and figures say what they cover; on SQLite and on PostgreSQL."""

import dataclasses
import datetime
import logging
import threading
import time

import pytest

from clova_jax.studio import retention
from clova_jax.studio.retention import Retention
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Rating, Selected, Store
from clova_jax.studio.store.database import now
from tests.studio.studio_world import running
from tests.studio.test_usage_store import RECORD


def aged(number, days):
    when = now() - datetime.timedelta(days=days)
    return dataclasses.replace(RECORD, id=f"{number:032x}", when=when)


def make_old(store, monkeypatch, app, key, days):
    """Keeps a session whose last turn was some days ago."""
    module = "clova_jax.studio.store.sessions.now"
    with monkeypatch.context() as patch:
        patch.setattr(module, lambda: now() - datetime.timedelta(days=days))
        store.add_turn(app, key, ["안녕", "반가워요"], 4)


def check(url, monkeypatch, caplog):
    """Fills a database, and has it pruned."""
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "PAUSE", 0)
    store = Store(url)
    store.add_requests(
        [aged(number, days) for number, days in enumerate((9, 8.1, 8, 7.9, 7.1, 6.9, 0))]
    )
    for number in (0, 5):
        store.rate(aged(number, 0).id, Rating(1))
    store.add_app("앱", "", {"template": "{input}", "title": {}})
    app = store.find_app("앱").id
    for key, days in (("오래", 8), ("지난", 7.5), ("어제", 1)):
        make_old(store, monkeypatch, app, key, days)
    store.add_turn(app, "지난", ["또", "네"], 4)  # a new turn, and the old one stays with it
    stopping = threading.Event()
    pruning = Retention(store, 7)
    stopping.set()
    pruning.prune(stopping)
    assert len(store.list_requests(Selected("주인"), 10)) == 7  # it was to stop
    stopping.clear()
    with caplog.at_level(logging.INFO, logger="clova_jax.studio"):
        pruning.prune(stopping)
    left = [row["id"] for row in store.list_requests(Selected("주인"), 10)]
    assert left == [aged(6, 0).id, aged(5, 0).id]
    assert (store.ratings(aged(0, 0).id), len(store.ratings(aged(5, 0).id))) == ([], 1)
    assert [len(store.turns(app, key)) for key in ("오래", "지난", "어제")] == [0, 2, 1]
    assert caplog.messages == ["deleted 5 requests and 1 sessions older than 7 days"]
    caplog.clear()
    pruning.prune(stopping)
    assert not caplog.records
    store.close()


def test_old_rows_are_deleted_on_sqlite(tmp_path, monkeypatch, caplog):
    check(f"sqlite:///{tmp_path}/studio.db", monkeypatch, caplog)


@pytest.mark.claims("services")
def test_old_rows_are_deleted_on_postgresql(postgres_url, monkeypatch, caplog):
    check(postgres_url, monkeypatch, caplog)


def test_a_server_deletes_at_its_start(tmp_path):
    url = f"sqlite:///{tmp_path}/studio.db"
    store = Store(url)
    store.add_requests([aged(0, 4), aged(1, 2)])
    with running(url, settings=Settings("tiny", keep_days=3)):
        until = time.monotonic() + 60
        while store.find_request(aged(0, 4).id):
            assert time.monotonic() < until
            time.sleep(0.01)
    assert store.find_request(aged(1, 2).id)
    store.close()


def test_usage_says_the_period_that_it_covers(tmp_path):
    url = f"sqlite:///{tmp_path}/studio.db"
    store = Store(url)
    store.add_requests(
        [dataclasses.replace(aged(n, days), key="") for n, days in enumerate((1, 4))]
    )
    store.close()
    with running(url, settings=Settings("tiny", keep_days=3)) as server:
        answer = server.get("/v1/usage").json()
        assert [one["requests"] for one in answer["data"]] == [1]
        assert answer["kept_days"] == 3
        since, until = (datetime.datetime.fromisoformat(answer[name]) for name in ("from", "to"))
        assert until - since == datetime.timedelta(days=3)
        asked = {"from": until - datetime.timedelta(hours=5), "to": until}
        answer = server.get("/v1/usage", params={k: v.isoformat() for k, v in asked.items()}).json()
        assert answer["data"] == []
        assert {name: datetime.datetime.fromisoformat(answer[name]) for name in asked} == asked
