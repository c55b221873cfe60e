"""What is text stays text, nothing reaches over the edge, and axe finds nothing serious."""

import json
import re
from importlib.resources import files

import pytest

from tests.studio.browser.conftest import expect
from tests.studio.browser.walks import fault_of

pytestmark = pytest.mark.claims("services")
EVIL = (
    "<img src=x onerror=\"window.hurt='img'\"><script>window.hurt='script'</script>"
    "<svg onload=\"window.hurt='svg'\"></svg><a href=\"javascript:window.hurt='a'\">링크</a>{{7*7}}${7*7}&lt;b&gt;"
)
SEVERE = ("serious", "critical")


def test_markup_and_script_are_shown_and_never_run(page, script):
    script.text = " " + EVIL
    page.setting("max_tokens", 400)
    page.setting("stop", EVIL + "!")
    page.setting("start", "<i>")
    page.write("<b>글</b>" + EVIL[:90])
    page.reads(re.compile(re.escape("<b>글</b>" + EVIL[:90] + "<i> <img src=x")))
    page.at("probability").click()
    expect(page.page.locator("#backdrop[data-view=probability] span[style]").first).to_be_attached()
    page.at("text").press("Control+End")
    page.at("text").press("Alt+ArrowDown")
    expect(page.at("alternatives")).to_contain_text("<b>굵게</b>")
    page.page.keyboard.press("Escape")
    page.at("text").press("Alt+c")
    expect(page.at("code-text")).to_contain_text("<b>글</b><img src=x")
    page.page.keyboard.press("Escape")
    page.tab("examples")
    page.page.locator("#rows textarea").first.fill(EVIL)
    page.page.locator("#rows textarea").nth(1).fill(EVIL)
    page.at("query").fill(EVIL)
    expect(page.at("preview")).to_contain_text("<script>window.hurt='script'</script>")
    page.at("run-examples").click()
    expect(page.at("answer")).to_contain_text("<svg onload")
    page.tab("compare")
    page.at("compare-prompt").fill(EVIL)
    page.at("compare-run").click()
    expect(page.page.locator("#sides .model-text").first).to_contain_text("<img src=x onerror")
    page.tab("history")
    expect(page.page.locator("#history-list .card").first).to_contain_text("<img src=x")
    assert page.page.evaluate("window.hurt") is None
    made = "main img, main script, main b, main i, main svg, main a:not([href^='#/'])"  # ours lead to rooms
    assert page.page.locator(made).count() == 0


def test_an_error_of_the_server_is_text_too(page, script):
    async def write(ask):
        from clova_jax.studio.errors import ApiError

        raise ApiError(400, EVIL, param="prompt")

    script.write = write
    page.write("글")
    expect(page.at("notice-text")).to_contain_text("<script>window.hurt")
    assert page.page.evaluate("window.hurt") is None


def test_the_policy_stops_what_would_be_put_in(page):
    """A second wall: markup that got into the page all the same would not run."""
    script = """() => {
      const script = document.createElement('script');
      script.textContent = "window.hurt = 'inline'";
      document.body.append(script);
    }"""
    handler = """() => {
      const image = document.createElement('div');
      image.innerHTML = "<img src=x onerror=\\"window.hurt = 'handler'\\">";
      document.body.append(image);
    }"""
    for put_in in (script, handler):
        with page.page.expect_console_message(lambda one: "Content Security Policy" in one.text):
            page.page.evaluate(put_in)
    assert page.page.evaluate("window.hurt") is None
    page.problems.clear()


def test_nothing_is_asked_of_another_host(page, script):
    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.write("글")
    assert all(url.startswith(script.url) for url in asked)


def states(page):
    """Goes through every view with something in it."""
    yield "empty"
    page.write("옛날 옛적에")
    yield "written"
    page.at("probability").click()
    expect(page.page.locator("#backdrop[data-view=probability] span[style]").first).to_be_attached()
    page.at("text").press("Alt+ArrowDown")
    expect(page.at("alternatives")).to_be_visible()
    yield "probability"
    page.page.keyboard.press("Escape")
    page.setting("n", 2)
    page.write("옛날 옛적에")
    yield "choices"
    page.setting("n", 99)
    page.at("write").click()
    yield "fault"
    page.setting("n", 1)
    for name in ("examples", "compare", "history", "settings"):
        page.tab(name)
        if name == "history":
            expect(page.page.locator("#history-list .card").first).to_be_visible()
        if name == "compare":
            page.at("compare-from-editor").click()
            page.at("compare-run").click()
            expect(page.page.locator("#sides .side > button:enabled")).to_have_count(2)
            page.page.locator("#sides details > summary").first.click()
        yield name
    for name in ("key", "shortcuts", "code"):
        page.tab("write")
        page.at(f"open-{name}").click()
        yield f"{name}-dialog"
        page.page.keyboard.press("Escape")


def room_states(page, script):
    """Goes through apps and knowledge with something in them."""
    page.room("knowledge")
    expect(page.at("collections-empty")).to_be_visible()
    yield "no knowledge"
    page.at("collection-name").fill("두 말")
    page.page.keyboard.press("Enter")
    expect(fault_of(page.at("collection-name"))).not_to_be_empty()
    yield "a name that does not fit"
    page.at("collection-name").fill("안내")
    page.page.keyboard.press("Enter")
    expect(page.at("documents-empty")).to_be_visible()
    files = [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in
             {"배송.txt": "배송은 이틀 걸립니다.", "그림.png": "\0"}.items()]  # fmt: skip
    page.at("upload-files").set_input_files(files)
    expect(page.page.locator("#upload-list li[data-state=fault]")).to_have_count(1)
    page.at("search-query").fill("배송")
    page.page.keyboard.press("Enter")
    expect(page.page.locator("#search-hits li")).to_have_count(1)
    yield "documents"
    page.room("apps")
    expect(page.at("apps-empty")).to_be_visible()
    yield "no apps"
    page.page.locator("#app-samples .sample").first.click()
    expect(page.page.locator("dialog[open]")).to_be_visible()
    yield "a new app"
    page.page.keyboard.press("Enter")
    expect(page.at("template")).to_be_visible()
    yield "an app"
    for part in page.page.locator("details.part > summary").all():
        part.click()
    page.at("template").press_sequentially("{색깔}")
    page.page.keyboard.press("Control+s")
    expect(page.page.locator(".template .row button")).to_be_visible()
    yield "its form with a fault"
    page.page.locator(".template .row button").click()
    page.at("try-input").fill("안녕")
    page.at("try-run").click()
    expect(page.page.locator(".try .thumbs")).to_be_visible()
    yield "an answer"
    for number, name in enumerate(("versions", "deploy", "score"), 1):
        page.page.locator(".views a").nth(number).click()
        expect(page.at(f"app-{name}")).to_be_visible()
        if name == "versions":
            page.page.locator("[data-version='2'] [aria-expanded]").click()
            expect(page.page.locator(".diff pre").first).to_be_visible()
        if name == "deploy":
            page.at("deploy").click()
            expect(page.at("phone-link")).to_be_visible()
            page.at("share").click()
            expect(page.at("share-link")).to_be_visible()
            for code in page.page.locator("#app-deploy summary").all():
                code.click()
        if name == "score":
            script.text = " 네"
            page.at("score-table").fill("글,답\n가,네\n나,네")
            page.at("score-run").click()
            expect(page.page.locator(".figures tbody tr")).to_have_count(2)
        yield name
    page.room("apps")
    expect(page.page.locator("#app-list .app-card")).to_have_count(1)
    yield "apps"
    page.room("apps", "없음")
    expect(page.page.locator("#room-apps .failure")).to_be_visible()
    yield "no such app"


def phone_states(page, url):
    """Goes through the phone page of the app that `room_states` deployed."""
    address = page.page.evaluate(
        "async () => (await (await fetch('/v1/apps')).json()).data[0].name"
    )
    page.page.goto(f"{url}/a/{address}")
    expect(page.at("form")).to_be_visible()
    yield "phone"
    page.at("input").fill("안녕하세요")
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".turn-tools")).to_be_visible()
    yield "phone, answered"
    page.page.locator(".report").click()
    yield "phone, report"
    page.page.goto(f"{url}/a/없음")
    expect(page.at("closed")).to_be_visible()
    yield "phone, closed"


def check_state(page, state):
    """Checks that axe finds nothing serious, and that nothing runs over the edge."""
    if not page.page.evaluate("'axe' in window"):
        axe = (files("axe_playwright_python") / "axe.min.js").read_text()
        page.page.evaluate(f"() => {{ {axe} }}")
    found = page.page.evaluate("axe.run()")["violations"]
    severe = [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in SEVERE
    ]
    assert not severe, f"{state}: {json.dumps(severe)}"
    width = page.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], state


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "size"), [("ko", "360"), ("en", "1280")])
def test_axe_finds_nothing_serious_and_nothing_runs_over_the_edge(
    script, open_page, language, size, scheme
):
    page = open_page(script.url, language, size, color_scheme=scheme)
    for state in states(page):
        check_state(page, state)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "size"), [("ko", "1280"), ("en", "360")])
def test_axe_finds_nothing_serious_in_the_rooms(script, open_page, language, size, scheme):
    page = open_page(script.url, language, size, color_scheme=scheme)
    for state in room_states(page, script):
        check_state(page, state)
    for state in phone_states(page, script.url):
        check_state(page, state)
