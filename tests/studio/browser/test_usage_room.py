"""The rooms of usage and of rules in the browser: figures, plots, requests that reopen, ratings, pairs, reports."""

import datetime
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.studio.browser.conftest import eventually, expect

pytestmark = pytest.mark.claims("services")
EVIL = "<img src=x onerror=\"window.hurt='img'\"><script>window.hurt='script'</script>"
SEVERE = ("serious", "critical")


@pytest.fixture
def script(tokenizer, tmp_path):
    """A server that keeps texts, and has one app."""
    from clova_jax.studio.settings import Settings
    from tests.studio.browser.scripted import Scripted
    from tests.studio.studio_world import running

    backend = Scripted(tokenizer)
    settings = Settings("tiny", log_texts=True)
    url = f"sqlite:///{tmp_path}/studio.db"
    with running(url, backend=lambda: backend, settings=settings) as made:
        backend.url, backend.studio, backend.post = made.url, made.studio, made.post
        content = {"template": "{말투} {input}", "variables": [{"name": "말투", "default": "해요"}]}
        made.post("/v1/apps", {"name": "앱", "content": content})
        yield backend


def ask(script, prompt="옛날", **fields):
    return script.post("/v1/completions", {"prompt": prompt, **fields}).json()["request_id"]


def ask_app(script, text="안녕", style="하오"):
    return ask(script, text, model="app:앱@1", variables={"말투": style})


def old(script, days, **fields):
    """Puts a request into the past."""
    import uuid

    from clova_jax.studio.store import RequestRecord
    from clova_jax.studio.store.database import now

    when = now() - datetime.timedelta(days=days)
    figures = {"finish": "stop", "filters": {"personal": 0, "curse": 2}, "status": 200}
    record = RequestRecord(
        uuid.uuid4().hex, when, "", "", None, None, "tiny", 1, 10, 5, 0.25, 1.5, **figures | fields
    )
    script.studio.store.add_requests([record])


def go(page, room):
    """Shows a room, and waits until its figures are there."""
    page.page.locator(f"#rooms [data-room={room}]").click()
    expect(page.at(f"room-{room}").locator("h2").first).to_be_visible()


def test_figures_plots_and_tables(page, script):
    ask(script)
    script.post("/v1/completions", {"prompt": "가" * 2000})  # too long
    ask_app(script)
    old(script, 3)
    old(script, 40)
    script.studio.log.flush()
    go(page, "usage")
    tiles = page.page.locator("#usage-tiles dd strong")
    expect(tiles.nth(0)).to_have_text("4")
    expect(page.at("usage-tiles")).to_contain_text(page.word("usageErrors", n=1))
    plots = page.page.locator(".plot svg")
    expect(plots).to_have_count(4)
    bars = plots.first.locator("rect.fill-2")
    expect(bars).to_have_count(2)  # two days with a stop string
    expect(plots.nth(0).locator("rect.fill-5")).to_have_count(1)
    expect(page.page.locator("#usage-times tbody tr")).to_have_count(2)
    names = page.page.locator("#usage-by-table tbody th")
    eventually(lambda: sorted(names.all_text_contents()), sorted(["앱", page.word("usageNoApp")]))
    page.at("usage-by").select_option("version")
    expect(names.filter(has_text="앱@1")).to_have_count(1)
    page.at("usage-app").select_option("앱")
    expect(tiles.nth(0)).to_have_text("1")
    expect(page.page.locator("#request-list > li")).to_have_count(1)
    page.at("usage-app").select_option("")
    page.at("usage-period").select_option("usageQuarter")
    expect(tiles.nth(0)).to_have_text("5")
    page.at("usage-period").select_option("usageDay")
    expect(tiles.nth(0)).to_have_text("3")
    with page.page.expect_download() as download:
        page.at("usage-csv").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("group,requests,errors")
    assert lines[-1].split(",")[1] == "3"


def test_nothing_yet(page):
    go(page, "usage")
    expect(page.at("usage-none")).to_have_text(page.word("usageNone"))
    expect(page.at("usage-tiles")).to_be_hidden()
    page.at("requests-pairs").click()
    page.notice("requestsNoPairs")


def test_a_request_reopens_with_its_text_and_settings(page, script):
    ask(script, "옛날 옛적에", temperature=0.4, max_tokens=33)
    ask_app(script, "안녕?", "하오")
    go(page, "usage")
    requests = page.page.locator("#request-list details")
    expect(requests).to_have_count(2)
    requests.nth(1).locator("summary").click()
    body = requests.nth(1).locator(".request-body")
    expect(body.locator(".model-text")).to_have_text(["옛날 옛적에", " 웃었다."])
    body.locator(".reopen").click()
    page.notice("requestReopened")
    page.reads("옛날 옛적에 웃었다.")
    expect(page.at("setting-temperature")).to_have_value("0.4")
    expect(page.at("setting-max_tokens")).to_have_value("33")
    go(page, "usage")
    expect(requests).to_have_count(2)
    requests.nth(0).locator("summary").click()
    shown = requests.nth(0).locator(".request-body")
    expect(shown.locator(".variables dd")).to_have_text(["하오", "안녕?"])
    shown.locator(".reopen").click()
    expect(page.at("try-input")).to_have_value("안녕?")
    expect(page.page.locator(".try .fields input").first).to_have_value("하오")


def test_a_request_reopens_in_the_version_that_answered(one_page, script):
    from clova_jax.studio.store import Selected

    page = one_page
    ask_app(script, "안녕?", "하오")
    content = {"template": "둘째 {input} {때}", "variables": [{"name": "때", "default": "아침"}]}
    body = {"content": content, "note": "", "after": 1}
    assert script.post("/v1/apps/앱/versions", body).status_code == 201
    page.room("apps", "앱")
    template = page.at("template")
    template.fill("쓰다 만 {input} {때}")
    go(page, "usage")
    page.page.locator("#request-list summary").first.click()
    page.page.locator(".request-body .reopen").click()
    expect(template).to_have_value("{말투} {input}")
    expect(page.at("try-input")).to_have_value("안녕?")
    expect(page.page.locator(".try .fields input")).to_have_value("하오")
    expect(page.at("save-state")).to_have_text(page.word("stateOlder", n=1, newest=2))
    page.at("try-run").click()
    expect(page.at("try-state")).to_have_text(page.word("tryDone", n=1))
    script.studio.log.flush()
    versions = [row["version"] for row in script.studio.store.list_requests(Selected(""), 9)]
    assert versions == [1, 1]
    template.fill("{말투} 다시 {input}")
    expect(page.at("save-state")).to_have_text(page.word("stateChanged", n=1))
    page.page.reload()
    expect(template).to_have_value("{말투} 다시 {input}")
    page.room("apps", "앱")
    expect(template).to_have_value("쓰다 만 {input} {때}")  # a draft of its own
    page.room("apps", "앱", "edit", "1")
    expect(template).to_have_value("{말투} 다시 {input}")
    page.at("save-version").click()
    page.notice("versionSaved", n=3)
    expect(page.at("save-state")).to_have_text(page.word("stateSaved", n=3))
    expect(page.page).to_have_url(re.compile(r"#/apps/[^/]+$"))
    page.room("apps", "앱", "edit", "9")
    expect(page.page.locator(".failure-text")).to_have_text(page.word("errorGone"))


def test_ratings_make_pairs(page, script):
    script.texts = [" 좋은 글", " 나쁜 글"]
    first, second = ask_app(script), ask_app(script)
    go(page, "usage")
    requests = page.page.locator("#request-list details")
    expect(requests).to_have_count(2)
    for number, value in ((1, 1), (0, -1)):
        requests.nth(number).locator("summary").click()
        thumb = requests.nth(number).locator(f"button[data-value='{value}']")
        thumb.click()
        expect(thumb).to_have_attribute("aria-pressed", "true")
    page.notice("requestRated")
    assert [len(script.studio.store.ratings(one)) for one in (first, second)] == [1, 1]
    with page.page.expect_download() as download:
        page.at("requests-pairs").click()
    (line,) = Path(download.value.path()).read_text("utf-8").splitlines()
    pair = {"prompt": "하오 안녕", "chosen": " 좋은 글", "rejected": " 나쁜 글"}
    assert json.loads(line) == pair
    page.at("usage-reload").click()
    expect(page.page.locator("#usage-tiles dd strong").last).to_have_text("1 / 1")


def test_more_requests_follow(page, script):
    for number in range(25):
        old(script, number / 100)
    go(page, "usage")
    requests = page.page.locator("#request-list > li")
    expect(requests).to_have_count(20)
    page.at("requests-more").click()
    expect(requests).to_have_count(25)
    expect(page.at("requests-more")).to_be_hidden()


def test_rules_and_a_report(page, script):
    made = ask_app(script)
    go(page, "usage")
    page.page.locator("#request-list summary").first.click()
    page.page.locator(".request-body a").click()
    expect(page.page.locator(".articles li")).to_have_count(5)
    expect(page.at("misuse-request")).to_have_value(made)
    expect(page.at("misuse-received")).to_contain_text(page.word("misuseReceivedNone"))
    page.at("misuse-send").click()
    expect(page.at("misuse-text-fault")).to_have_text(page.word("misuseEmpty"))
    page.at("misuse-text").fill(EVIL)
    page.at("misuse-request").fill("x")
    page.at("misuse-send").click()
    expect(page.at("misuse-request-fault")).to_have_text(page.word("misuseBadRequest"))
    page.at("misuse-request").fill("0" * 32)
    page.at("misuse-send").click()
    expect(page.at("misuse-request-fault")).to_have_text(page.word("misuseUnknown"))
    page.at("misuse-request").fill(made)
    page.at("misuse-send").click()
    expect(page.at("misuse-state")).to_have_text(page.word("misuseSent"))
    expect(page.page.locator("#misuse-received .model-text")).to_have_text(EVIL)
    assert page.page.evaluate("window.hurt") is None


def test_texts_of_requests_are_shown_and_never_run(page, script):
    script.text = EVIL
    ask(script, EVIL + "글", max_tokens=200)
    ask_app(script, EVIL, EVIL)
    go(page, "usage")
    for number in (0, 1):
        page.page.locator("#request-list summary").nth(number).click()
    expect(page.page.locator(".request-body .model-text").last).to_contain_text("<img src=x")
    assert page.page.evaluate("window.hurt") is None
    assert page.page.locator("#room-usage img, #room-usage script").count() == 0


@pytest.mark.parametrize("language", ["ko", "en"])
def test_each_key_has_its_own_usage(script, open_page, language):
    page = open_page(script.url, language)
    one, other = (script.studio.store.add_key(name) for name in ("하나", "둘"))
    script.studio.access._known.clear()
    script.post("/v1/completions", {"prompt": "글"}, headers={"Authorization": f"Bearer {one}"})
    for key, count in ((one, 1), (other, 0)):
        page.at("open-key").click()
        page.at("key").fill(key)
        page.at("key-save").click()
        page.page.wait_for_selector("#status[data-state=ready]")
        go(page, "usage")
        expect(page.page.locator("#request-list > li")).to_have_count(count)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "size"), [("ko", "360"), ("en", "1280")])
def test_axe_finds_nothing_serious_and_nothing_runs_over_the_edge(
    script, open_page, language, size, scheme
):
    for number in range(30):
        old(script, number / 4, finish=("end", "length", "left")[number % 3])
    ask_app(script)
    script.studio.log.flush()
    page = open_page(script.url, language, size, color_scheme=scheme)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    page.page.evaluate(f"() => {{ {axe} }}")
    for state in ("usage", "request", "table", "rules"):
        if state in ("usage", "rules"):
            go(page, state)
        if state == "usage":
            expect(page.page.locator("#usage-by-table")).to_be_visible()
        if state == "rules":
            expect(page.page.locator("#misuse-received h2")).to_be_visible()
        if state == "request":
            page.page.locator("#request-list summary").first.click()
            expect(page.page.locator(".request-body .reopen")).to_be_visible()
        if state == "table":
            page.page.locator(".as-table summary").click()
        found = page.page.evaluate("axe.run()")["violations"]
        severe = [
            (one["id"], [node["target"] for node in one["nodes"]])
            for one in found
            if one["impact"] in SEVERE
        ]
        assert not severe, f"{state}: {json.dumps(severe)}"
        width = page.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], state
