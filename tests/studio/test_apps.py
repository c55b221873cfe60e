"""Apps over HTTP: immutable versions, labels and the way back, access, links, files; each key has its own."""

import httpx
import pytest

from clova_jax.studio.store import Store
from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/studio.db"


@pytest.fixture
def server(lm, url):
    with running(url, lm, slots=2) as made:
        yield made


CONTENT = {"template": "{말투} {input}", "variables": [{"name": "말투", "default": "옛날"}]}


def make(server, name="앱", content=CONTENT, **options):
    return server.post("/v1/apps", {"name": name, "content": content}, **options)


def publish(server, after, content=CONTENT, name="앱", **options):
    body = {"content": content, "note": f"after {after}", "after": after}
    return server.post(f"/v1/apps/{name}/versions", body, **options)


def label(server, version, was, which="service", name="앱", **options):
    path = f"{server.url}/v1/apps/{name}/labels/{which}"
    return httpx.put(path, json={"version": version, "was": was}, **options)


def access(server, name="앱", **fields):
    body = {"public": False, "shared": False, **fields}
    return httpx.put(f"{server.url}/v1/apps/{name}/access", json=body)


def message(answer):
    return answer.json()["error"]["message"]


def test_versions_labels_and_the_way_back(server):
    assert make(server).json() == {"name": "앱", "number": 1}
    assert make(server).status_code == 409
    assert publish(server, 1, CONTENT | {"template": "{input}"}).json() == {"number": 2}
    assert label(server, 1, None).status_code == 200
    assert label(server, 2, 1).status_code == 200
    late = label(server, 1, 1)
    assert late.status_code == 409
    assert "service is not on version 1 any more" in message(late)
    assert label(server, 1, 2).status_code == 200
    assert label(server, 7, None, "test").status_code == 404
    about = server.get("/v1/apps/앱").json()
    assert [version["number"] for version in about["versions"]] == [2, 1]
    assert about["labels"] == {"test": None, "service": 1}
    assert [one["version"] for one in about["log"]] == [1, 2, 1]
    assert server.get("/v1/apps/앱/versions/1").json()["content"]["template"] == "{말투} {input}"
    (listed,) = server.get("/v1/apps").json()["data"]
    assert (listed["versions"], listed["labels"]["service"]) == (2, 1)
    assert label(server, None, 1).json() == {"label": "service", "version": None}
    assert httpx.delete(f"{server.url}/v1/apps/앱").json()["deleted"]
    assert server.get("/v1/apps/앱").status_code == 404


def test_two_versions_published_at_once_are_one_clear_message(server):
    make(server)
    assert publish(server, 1).status_code == 201
    late = publish(server, 1)
    assert late.status_code == 409
    assert "yours follows version 1, but someone published version 2 at 20" in message(late)
    assert publish(server, 5).status_code == 409
    assert len(server.get("/v1/apps/앱").json()["versions"]) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"template": "{모름}"}, "content: template: asks for {모름}; there are input"),
        ({"template": "{knowledge}"}, "asks for {knowledge}; there are input"),
        ({"template": "{history}"}, "asks for {history}"),
        ({"template": "a", "nonsense": 1}, "content.nonsense: no such field"),
        ({}, "content.template is required"),
        ({"template": "a", "variables": [{"name": "input"}]}, "{input} is filled from elsewhere"),
        ({"template": "a", "variables": [{"name": "가"}] * 2}, "there are two called '가'"),
        ({"template": "a", "variables": [{"name": "1"}]}, "content.variables.0.name"),
        ({"template": "a", "parameters": {"temperature": 9}}, "content.parameters.temperature"),
        ({"template": "a", "filters": {"unsafe": "mask"}}, "lies in no single word"),
        ({"template": "\0"}, "holds a NUL"),
        (
            {"template": "a", "examples": {"columns": ["가", "나"], "rows": [["1"]], "shown": "x"}},
            "row 1 has 1 cells where there are 2 columns",
        ),
        (
            {"template": "a", "examples": {"columns": ["가"], "shown": "{나}"}},
            "shown: asks for {나}; there are 가",
        ),
        (
            {"template": "a", "knowledge": {"collection": "강", "query": "{나}"}},
            "knowledge: query: asks for {나}",
        ),
    ],
)
def test_what_does_not_fit_is_a_400_that_names_it(server, content, words):
    refused = make(server, content=content)
    assert refused.status_code == 400
    assert words in message(refused)
    assert server.get("/v1/apps").json() == {"data": []}


def test_forks_links_and_files(server):
    make(server)
    publish(server, 1, {"template": "새 {input}"})
    assert server.post("/v1/apps/앱/fork", {"name": "둘", "version": 1}).status_code == 201
    assert server.get("/v1/apps/둘/versions/1").json()["note"] == "앱, version 1"
    file = server.get("/v1/apps/앱/export?version=2")
    assert "filename*=UTF-8''%EC%95%B1.json" in file.headers["content-disposition"]
    assert server.post("/v1/apps/import", file.json()).status_code == 409
    assert server.post("/v1/apps/import", file.json() | {"name": "셋"}).status_code == 201
    assert server.get("/v1/apps/셋/export").json() == file.json() | {"name": "셋"}
    token = access(server, shared=True).json()["share"]
    assert access(server, shared=True, public=True).json()["share"] == token
    shared = server.get(f"/v1/shared/{token}").json()
    assert shared["content"]["template"] == "새 {input}"
    label(server, 1, None)
    assert server.get(f"/v1/shared/{token}").json()["content"]["template"] == CONTENT["template"]
    assert server.post(f"/v1/shared/{token}/fork", {"name": "넷"}).status_code == 201
    assert access(server).json()["share"] is None
    assert server.get(f"/v1/shared/{token}").status_code == 404


def test_each_key_has_apps_of_its_own(server, url):
    store = Store(url)
    one, two = ({"Authorization": f"Bearer {store.add_key(name)}"} for name in ("one", "two"))
    server.studio.access._known.clear()
    store.close()
    assert make(server, headers=one).status_code == 201
    assert server.get("/v1/apps", headers=two).json() == {"data": []}
    for refused in (
        server.get("/v1/apps/앱", headers=two),
        server.get("/v1/apps/앱/versions/1", headers=two),
        server.get("/v1/apps/앱/export", headers=two),
        server.post("/v1/apps/앱/fork", {"name": "둘"}, headers=two),
        publish(server, 1, headers=two),
        label(server, 1, None, headers=two),
        httpx.delete(f"{server.url}/v1/apps/앱", headers=two),
    ):
        assert refused.status_code == 404
    assert make(server, headers=two).status_code == 409
    assert server.get("/v1/apps/앱", headers=one).json()["owner"] == "one"


def test_a_collection_that_a_labelled_version_uses_stays(server):
    make(server, content={"template": "{knowledge}", "knowledge": {"collection": "강"}})
    missing = label(server, 1, None)
    assert missing.status_code == 404
    assert "its collection '강' is not there" in message(missing)
    server.post("/v1/collections", {"name": "강"})
    assert label(server, 1, None).status_code == 200
    refused = httpx.delete(f"{server.url}/v1/collections/강")
    assert refused.status_code == 409
    assert "is used by 앱@service (version 1)" in message(refused)
    label(server, None, 1)
    assert httpx.delete(f"{server.url}/v1/collections/강").status_code == 200
