"""Tables that are uploaded, and versions scored on them."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.studio import scoring
from clova_jax.studio.scoring import read_table, score, search
from clova_jax.studio.store import Limits
from tests.studio.studio_world import make_model, running


@pytest.mark.parametrize(
    "text",
    ['질문,답\n"하나, 둘",셋\n넷,다섯\n', "\ufeff질문\t답\r\n하나, 둘\t셋\r\n넷\t다섯"],
)
def test_tables_of_a_file_and_of_a_sheet(text):
    table = read_table(text)
    assert table.column("질문") == ["하나, 둘", "넷"]
    assert table.column("답") == ["셋", "다섯"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a header and at least one row"),
        ("질문,답\n", "a header and at least one row"),
        ("질문,질문\n1,2\n", "a name of its own"),
        ("질문,답\n1,2\n1,2,3\n", "table:3: 3 cells where the header has 2"),
        ("질문,답\n" + "1,2\n" * 501, "501 rows"),
    ],
)
def test_a_table_that_cannot_be_is_one_clear_error(text, words):
    with pytest.raises(ClovaError, match=words):
        read_table(text)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ClovaError, match="no column '물음'; there are 질문, 답"):
        read_table("질문,답\n1,2").column("물음")


def test_patterns_are_found_and_bad_ones_named(monkeypatch):
    assert search(["^가.$", "나$"], ["가나", "나다"]) == [True, False]
    with pytest.raises(ClovaError, match=r"'\(' is no pattern"):
        search(["가", "("], ["가", "나"])
    with pytest.raises(ClovaError, match="characters at most"):
        search(["가" * 1001], ["가"])
    monkeypatch.setattr(scoring, "PATTERN_SECONDS", 1)
    with pytest.raises(ClovaError, match="take longer"):
        search(["(a+)+$"], ["a" * 40 + "b"])


TARGETS = ["서울", "부산", "대구", "광주"] * 10


def test_versions_are_compared_row_by_row():
    """The second is right wherever the first is, and once in four more: a difference that no resampling undoes."""
    first = [target if number % 2 else "모름" for number, target in enumerate(TARGETS)]
    second = [target if number % 4 else "모름" for number, target in enumerate(TARGETS)]
    found = score({2: first, 5: second}, TARGETS, "exact", seed=3)
    assert found == score({2: first, 5: second}, TARGETS, "exact", seed=3)
    assert found["rows"] == 40
    assert [(one["version"], one["value"]) for one in found["results"]] == [(2, 50), (5, 75)]
    for one in found["results"]:
        assert 0 < one["low"] < one["value"] < one["high"] < 100
    (difference,) = found["differences"]
    assert (difference["a"], difference["b"], difference["value"]) == (2, 5, -25)
    assert difference["high"] < 0
    wide = found["results"][0]["high"] - found["results"][1]["low"]
    assert wide > 0  # beside each other, the intervals meet


@pytest.mark.parametrize(
    ("metric", "half"), [("exact", 50), ("f1", None), ("regex", 50), ("bleu", None)]
)
def test_every_metric_is_full_on_what_was_wanted(metric, half):
    targets = ["서울은 넓고 사람이 많은 도시이다", "부산은 바다가 있는 넓은 도시이다"]
    wrong = ["서울은 넓고 사람이 많은 도시이다", "부산"]
    found = score({1: [f" {target}\n" for target in targets], 2: wrong}, targets, metric)["results"]
    assert found[0]["value"] == pytest.approx(100)
    assert found[1]["value"] < 100
    if metric in ("exact", "regex"):
        assert found[1]["value"] == half


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('scoring')}/studio.db"
    with running(url, make_model(), slots=4) as made:
        for number, template in enumerate(("{input} {말투}", "{말투}: {input}")):
            content = {
                "template": template,
                "variables": [{"name": "말투", "default": "해요"}],
                "parameters": {"max_tokens": 4, "temperature": 0.0},
            }
            body = (
                {"content": content, "after": 1} if number else {"name": "앱", "content": content}
            )
            made.post("/v1/apps" + ("/앱/versions" if number else ""), body)
        yield made


def written(server, version, text, style):
    body = {"model": f"app:앱@{version}", "prompt": text, "variables": {"말투": style}, "seed": 0}
    return server.post("/v1/completions", body).json()["choices"][0]["text"]


def scored(server, **fields):
    body = {"versions": [1, 2], "input": "질문", "target": "답", "metric": "exact", **fields}
    return server.post("/v1/apps/앱/score", body)


def test_versions_of_an_app_are_scored_with_the_columns_as_variables(server):
    questions = [("옛날", "해라"), ("서울", "해요"), ("사람", "하오")]
    answers = [written(server, 1, *question) for question in questions]
    lines = [f'{q},{style},"{a}"' for (q, style), a in zip(questions, answers, strict=True)]
    table = "질문,말투,답\n" + "\n".join(line.replace("\n", " ") for line in lines)
    found = scored(server, table=table, name="세 줄").json()
    assert found["rows"] == 3
    assert found["results"][0]["value"] == 100
    assert found["results"][1]["value"] < 100
    assert found["differences"][0]["value"] == 100 - found["results"][1]["value"]
    kept = server.get("/v1/apps/앱/scores").json()["data"]
    assert [(one["version"], one["table_name"], one["rows"]) for one in kept] == [
        (2, "세 줄", 3),
        (1, "세 줄", 3),
    ]
    assert kept[1]["results"] == found["results"][0]
    server.studio.log.flush()
    assert len(server.get("/v1/requests").json()["data"]) == 3  # a scoring's texts are not listed


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"table": "질문,답\n가,나", "input": "물음"}, 400, "no column '물음'"),
        ({"table": "질문,답\n가"}, 400, "1 cells where the header has 2"),
        ({"table": "질문,답\n가,("}, 400, "no pattern"),
        ({"table": "질문,답\n가,나", "versions": [1, 7]}, 404, "no version 7"),
        ({"table": "질문,답\n가,나", "versions": []}, 400, "versions"),
        ({"table": "질문,답\n가,나", "versions": [2**63]}, 400, "versions.0"),
        ({"table": "질문,답\n나,나\n" + "가" * 400 + ",나"}, 400, "row 2 of the table"),
    ],
)
def test_what_cannot_be_scored_is_one_clear_message(server, fields, status, words):
    answer = scored(server, **{"metric": "regex", **fields})
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_a_scoring_waits_for_the_key_s_limit_and_is_for_the_owner(server, monkeypatch):
    store = server.studio.store
    key, other = store.add_key("주인", Limits(requests=2)), store.add_key("손님")
    server.studio.access._known.clear()
    headers = {"Authorization": f"Bearer {key}"}
    server.post("/v1/apps", {"name": "또", "content": {"template": "{input}"}}, headers=headers)
    monkeypatch.setattr("clova_jax.studio.access.WINDOW", 1.0)  # seconds, not a minute
    body = {
        "versions": [1],
        "table": "질문,답\n" + "가,나\n" * 5,
        "input": "질문",
        "target": "답",
        "metric": "f1",
    }
    assert server.post("/v1/apps/또/score", body, headers=headers).json()["rows"] == 5
    headers = {"Authorization": f"Bearer {other}"}
    assert server.post("/v1/apps/또/score", body, headers=headers).status_code == 404
    assert server.get("/v1/apps/또/scores", headers=headers).status_code == 404
