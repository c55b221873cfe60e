"""Answers that come late: what was asked for last is what is shown, and what is done stays with what it was done to."""

import httpx
import pytest

from tests.studio.browser.conftest import eventually, expect
from tests.studio.browser.scripted import LONGEST
from tests.studio.browser.walks import CONTENT, add_app, add_documents
from tests.studio.studio_world import Running

pytestmark = pytest.mark.claims("services")
LATE = 1.0  # seconds


@pytest.fixture
def api(script):
    """The API of the scripted server."""
    return Running(script.url, script.studio, None)


@pytest.fixture
def late(one_page, script):
    """Acts twice while the answer to the first is held back, and waits until the page has had that too."""

    def made(part, first, second):
        waits = [LATE]
        script.wait = lambda path: waits.pop() if part in path and waits else 0.0
        with one_page.page.expect_request(lambda one: part in one.url) as asked:
            first()
        second()
        asked.value.response().finished()
        one_page.page.wait_for_timeout(300)  # what the page would do with it

    return made


def test_figures_and_requests_of_the_last_choice(one_page, script, api, late):
    page = one_page
    add_app(api, "앱")
    api.post("/v1/completions", {"prompt": "글"})
    api.post("/v1/completions", {"model": "app:앱@1", "prompt": "글"})
    page.room("usage")
    heads = page.page.locator("#usage-by-table tbody th")
    expect(heads).to_have_count(2)
    by, app = page.at("usage-by"), page.at("usage-app")
    late("by=version", lambda: by.select_option("version"), lambda: by.select_option("key"))
    expect(heads).to_have_text([page.word("usageNoKey")])
    requests = page.page.locator("#request-list > li")
    late("requests?limit=20&app=", lambda: app.select_option("앱"), lambda: app.select_option(""))
    expect(requests).to_have_count(2)
    expect(page.page.locator("#usage-tiles dd strong").first).to_have_text("2")


def test_a_page_of_requests_is_of_the_list_that_is_shown(one_page, script, api, late):
    page = one_page
    add_app(api, "앱")
    for _ in range(21):
        api.post("/v1/completions", {"prompt": "글"})
    page.room("usage")
    requests = page.page.locator("#request-list > li")
    expect(requests).to_have_count(20)
    app = page.at("usage-app")
    late("before=", page.at("requests-more").click, lambda: app.select_option("앱"))
    expect(requests).to_have_count(0)
    expect(page.at("requests-more")).to_be_hidden()


def test_hits_of_the_last_search(one_page, script, api, late):
    page = one_page
    texts = {"배송.txt": "배송은 이틀 걸립니다.", "환불.txt": "환불은 이레 안에 됩니다."}
    page.room("knowledge", add_documents(api, texts))

    def search(text):
        page.at("search-query").fill(text)
        page.page.keyboard.press("Enter")

    late("search", lambda: search("배송"), lambda: search("환불"))
    expect(page.page.locator("#search-hits li").first).to_contain_text("이레")


def test_a_file_stays_with_the_collection_that_it_was_dropped_on(one_page, script, api, late):
    page = one_page
    for name in ("하나", "둘"):
        add_documents(api, {}, name)
    page.room("knowledge", "하나")
    files = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"text"} for n in range(2)]
    upload = page.at("upload-files")
    late("name=0.txt", lambda: upload.set_input_files(files), lambda: page.room("knowledge", "둘"))
    expect(page.page.locator("h2", has_text="둘")).to_be_visible()
    expect(page.page.locator("#document-list li")).to_have_count(0)

    def counts():
        return {one["name"]: one["documents"] for one in api.get("/v1/collections").json()["data"]}

    eventually(counts, {"하나": 2, "둘": 0})


def test_an_app_that_was_left_does_not_come_back(one_page, script, api, late):
    page = one_page
    name = add_app(api, "left")
    page.room("apps", name, "deploy")
    late("/access", page.at("share").click, lambda: page.room("apps"))
    expect(page.page.locator("#app-list")).to_be_visible()
    expect(page.page.locator(".app-view")).to_have_count(0)
    page.room("apps", name, "deploy")
    expect(page.at("app-delete")).to_be_visible()
    late("apps/left", page.at("app-delete").click, lambda: page.room("knowledge"))
    page.notice("appDeleted", name=name)
    expect(page.at("collection-name")).to_be_visible()


def test_the_link_that_was_opened_last(one_page, script, api, late):
    page, shared = one_page, {"public": False, "shared": True}
    tokens = {}
    for name in ("하나", "둘"):
        add_app(api, name, CONTENT | {"template": f"{name} {{input}}"})
        httpx.put(f"{api.url}/v1/apps/{name}/access", json=shared)
        tokens[name] = api.get(f"/v1/apps/{name}").json()["share"]
    one, other = tokens.values()
    late(one, lambda: page.room("shared", one), lambda: page.room("shared", other))
    expect(page.at("shared-template")).to_have_text("둘 {input}")


def test_tokens_of_the_text_that_is_there(one_page, script, late):
    page, text = one_page, "호랑이가 살았다"
    area = page.at("text")
    late("tokenize", lambda: area.fill(9 * text), lambda: area.fill(text))
    count = len(script.tokenizer.encode(text))
    expect(page.at("tokens")).to_have_text(page.word("tokensOf", count=count, most=LONGEST))


def test_a_key_that_was_corrected_is_not_asked_for_again(one_page, script, late):
    page = one_page
    key = script.studio.store.add_key("web")
    script.studio.access._known.clear()

    def save(text):
        page.at("open-key").press("Enter")  # a notice may lie over it
        page.at("key").fill(text)
        page.at("key-save").click()

    late("v1/models", lambda: save("sk-wrong"), lambda: save(key))
    expect(page.at("key-dialog")).to_be_hidden()
    expect(page.at("status")).to_have_attribute("data-state", "ready")
