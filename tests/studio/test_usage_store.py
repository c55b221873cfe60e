"""The tables of usage, on SQLite and on PostgreSQL."""

import dataclasses
import datetime

import pytest

from clova_jax.studio.store import Misuse, Rating, RequestRecord, Selected, Store
from clova_jax.studio.store.database import now
from clova_jax.studio.usage import preference_pairs, summarize

RECORD = RequestRecord(
    *("1" * 32, now(), "손님", "주인", "앱", 2, "app:앱", 1, 10, 5, 0.25, 1.0, "stop"),
    filters={"personal": 0, "curse": 2},
    status=200,
    parameters={"temperature": 0.5},
    variables={"input": "안녕 {이름}"},
    prompt="하오 안녕",
    text=" 반갑소",
)


def check(store):
    """Writes and reads every table."""
    other = dataclasses.replace(
        RECORD, id="2" * 32, when=RECORD.when + datetime.timedelta(seconds=1), text=" 흥"
    )
    bare = dataclasses.replace(
        RECORD, id="3" * 32, app=None, version=None, owner="남", key="남", first_seconds=None,
        parameters=None, variables=None, prompt=None, text=None,
    )  # fmt: skip
    store.add_requests([RECORD, other, bare])
    assert store.find_request(RECORD.id) == RECORD
    assert store.find_request(bare.id, "남") == bare
    assert store.find_request(bare.id, "주인") is None
    for caller in ("손님", "주인"):
        rows = store.list_requests(Selected(caller), 5)
        assert [row["id"] for row in rows] == [other.id, RECORD.id]
    (row,) = store.list_requests(Selected("주인"), 5, before=other.id)
    assert (row["id"], row["up"], row["filters"]) == (RECORD.id, 0, RECORD.filters)
    for value in (-1, 1):
        store.rate(RECORD.id, Rating(value, "까닭", "손님"))
    store.rate(RECORD.id, Rating(1))
    store.rate(other.id, Rating(-1, by="손님"))
    assert [(one.value, one.by) for one in store.ratings(RECORD.id)] == [(1, "손님"), (1, "")]
    (total,) = summarize(store.requests(Selected("주인")), None)
    assert (total["requests"], total["up"], total["down"]) == (2, 2, 1)
    assert (total["filtered"], total["first_p50"]) == ({"personal": 2}, 0.25)
    assert [one["group"] for one in summarize(store.requests(Selected("남")), "version")] == [""]
    assert not [*store.requests(Selected("주인", app="앱", version=3))]
    assert not [*store.requests(Selected("주인", until=RECORD.when))]
    pairs = [*preference_pairs(store.rated_texts(Selected("주인")))]
    assert pairs == [{"prompt": "하오 안녕", "chosen": " 반갑소", "rejected": " 흥"}]
    assert not [*store.rated_texts(Selected("손님"))]  # the prompt has the app's words
    store.add_misuse(Misuse("나쁨", "주인", request=RECORD.id))
    assert [one.text for one in store.list_misuse("주인")] == ["나쁨"]
    assert store.list_misuse("") == []
    store.add_app("앱", "주인", {"template": "{input}", "title": {}})
    app = store.find_app("앱").id
    store.add_scores(app, "표", 3, {1: {"value": 50.0}, 2: {"value": 75.0}})
    assert [(one["version"], one["results"]["value"]) for one in store.list_scores(app)] == [
        (2, 75.0),
        (1, 50.0),
    ]
    store.delete_app("앱", "주인")
    assert store.list_scores(app) == []
    store.close()


def test_usage_on_sqlite(tmp_path):
    check(Store(f"sqlite:///{tmp_path}/studio.db"))


@pytest.mark.claims("services")
def test_usage_on_postgresql(postgres_url):
    check(Store(postgres_url))
