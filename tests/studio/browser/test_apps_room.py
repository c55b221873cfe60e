"""Apps in the browser: from a sample to a shared address, versions and labels, faults beside their fields, two keys."""

import json
import re
from importlib.resources import files

import pytest

from tests.studio.browser.conftest import expect, request_of
from tests.studio.browser.walks import (
    CONTENT,
    add_app,
    begin_from_sample,
    deploy,
    fault_of,
    try_it,
    view,
)

pytestmark = pytest.mark.claims("services")


@pytest.fixture
def api(script):
    """The API of the scripted server."""
    from tests.studio.studio_world import Running

    return Running(script.url, script.studio, None)


def test_from_nothing_to_a_shared_app(page, script, open_page):
    page.room("apps")
    expect(page.at("apps-empty")).to_contain_text(page.word("appsEmpty"))
    samples = list((files("clova_jax.apps") / "prompts").iterdir())
    expect(page.page.locator("#app-samples .sample")).to_have_count(len(samples))
    name = begin_from_sample(page)
    try_it(page, "안녕하세요")
    expect(page.at("try-text")).to_have_text("웃었다.")
    asked = request_of(script.asks[-1], script.tokenizer)["prompt"]
    assert "안녕하세요" in asked
    assert "{" not in asked
    address = deploy(page)
    page.notice("deployed", n=1)
    expect(page.page.locator(".badge.on")).to_have_text(page.word("badgeService", n=1))
    guest = open_page(script.url, page.language)
    guest.page.goto(address)
    guest.at("input").fill("누구세요?")
    guest.page.keyboard.press("Enter")
    expect(guest.page.locator(".turn.bot .model-text").last).to_have_text("웃었다.")
    page.page.reload()
    expect(page.at("phone-link")).to_be_visible()  # the address behind # stays
    page.page.go_back()
    expect(page.at("template")).to_be_visible()
    page.room("apps")
    expect(page.page.locator("#app-list .app-card")).to_have_count(1)
    expect(page.page.locator("#app-list")).to_contain_text(name)


def test_a_place_that_nothing_fills_is_named_and_becomes_a_variable(one_page, script, api):
    page = one_page
    page.room("apps", add_app(api))
    template = page.at("template")
    template.fill("{도시}의 {input}")
    page.at("save-version").click()
    expect(fault_of(template)).to_have_text(page.word("templateUnknown", name="{도시}"))
    expect(template).to_be_focused()
    page.page.locator(".template .row button").click()
    expect(fault_of(template)).to_have_text("")
    page.page.locator("#given-0").fill("서울 {input} <b>")
    try_it(page, "날씨")
    page.notice("versionSaved", n=2)
    asked = request_of(script.asks[-1], script.tokenizer)["prompt"]
    assert asked == "서울 {input} <b>의 날씨"  # braces in a value expand nothing
    template.fill(" ")
    page.at("save-version").click()
    expect(fault_of(template)).to_have_text(page.word("templateEmpty"))


def test_faults_stand_under_their_fields(one_page, api):
    page = one_page
    add_app(api, "있음")
    page.room("apps")
    page.page.locator("#app-samples .sample").first.click()
    field = page.page.locator("dialog[open] input")
    for text, word in {"": "nameEmpty", "두 낱말": "nameWrong", "-a": "nameWrong"}.items():
        field.fill(text)
        page.page.keyboard.press("Enter")
        expect(fault_of(field)).to_have_text(page.word(word))
    field.fill("있음")
    page.page.keyboard.press("Enter")
    expect(fault_of(field)).to_contain_text(page.word("errorTaken").split("(")[0])
    field.fill("없음")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#template")
    page.page.locator("#part-variables > summary").click()
    name = page.at("variable-name-0")
    cases = {"두 말": "variableNameWrong", "input": "variableNameOwn"}
    for text, word in cases.items():
        page.at("template").fill("{input}")
        name.fill(text)
        page.at("save-version").click()
        expect(fault_of(name)).to_have_text(page.word(word, name=text))
    name.fill("날씨")
    page.page.locator("#part-parameters > summary").click()
    page.at("app-parameter-temperature").fill("9")
    page.at("save-version").click()
    wrong = page.word("outOfRange", name=page.word("temperature"), least=0, most=2)
    expect(page.page.locator("#part-parameters .fault")).to_have_text(wrong)


def test_what_is_switched_on_and_not_in_the_template_is_said(one_page, api):
    page = one_page
    page.room("apps", add_app(api))
    page.page.locator("#part-session > summary").click()
    page.at("session-use").check()
    expect(page.page.locator(".warning")).to_have_text(
        page.word("templateUnused", name="{history}")
    )
    page.at("template").press("Control+Home")
    page.page.locator(".name", has_text="{history}").click()
    expect(page.page.locator(".warning")).to_have_text("")
    expect(page.at("template")).to_have_value(re.compile("^{history}질문"))


def test_versions_labels_and_the_way_back(one_page, api):
    page = one_page
    name = add_app(api)
    page.room("apps", name)
    page.at("template").fill("짧게 답해. {input}")
    page.page.locator(".save input").fill("더 짧게 <i>")
    page.page.keyboard.press("Control+s")
    page.notice("versionSaved", n=2)
    view(page, 1)
    second = page.page.locator("[data-version='2']")
    expect(second).to_contain_text("더 짧게 <i>")
    second.get_by_text(page.word("versionDiff")).click()
    expect(second.locator("ins")).to_have_text(["짧게 답해. {input}"])
    expect(second.locator("del")).to_have_text(["질문: {input}", "답:"])
    second.locator("[data-label=service]").click()
    page.notice("movedService", n=2)
    first = page.page.locator("[data-version='1']")
    expect(first.locator("[data-label=service]")).to_have_text(page.word("rollService"))
    first.locator("[data-label=service]").click()
    page.notice("movedService", n=1)
    expect(page.page.locator("[data-version='1'] .badge.on")).to_be_visible()
    assert api.get(f"/v1/apps/{name}").json()["labels"]["service"] == 1
    page.page.locator("details.log > summary").click()
    expect(page.page.locator(".log-list li")).to_have_count(2)
    # Another window moves the label first.
    body = {"version": None, "was": 1}
    import httpx

    assert httpx.put(f"{api.url}/v1/apps/{name}/labels/service", json=body).status_code == 200
    page.page.locator("[data-version='2'] [data-label=service]").click()
    page.notice("labelMoved")
    first.get_by_text(page.word("versionEdit")).click()
    expect(page.at("template")).to_have_value(CONTENT["template"])
    page.at("save-version").click()
    page.notice("versionSaved", n=3)


def test_two_versions_at_once_are_one_clear_choice(one_page, script, api, open_page):
    page = one_page
    name = add_app(api)
    page.room("apps", name)
    page.page.wait_for_selector("#template")
    body = {"content": CONTENT | {"template": "먼저 {input}"}, "note": "", "after": 1}
    assert api.post(f"/v1/apps/{name}/versions", body).status_code == 201
    page.at("template").fill("나중 {input}")
    page.at("save-version").click()
    fault = page.at("save-fault")
    expect(fault).to_contain_text(page.word("overtaken", n=2, author="—"))
    fault.get_by_text(page.word("overtakenSave")).click()
    page.notice("versionSaved", n=3)
    assert api.get(f"/v1/apps/{name}/versions/3").json()["content"]["template"] == "나중 {input}"
    assert api.post(f"/v1/apps/{name}/versions", body | {"after": 3}).status_code == 201
    page.at("template").fill("또 {input}")
    page.at("save-version").click()
    fault.get_by_text(page.word("overtakenDrop")).click()
    expect(page.at("template")).to_have_value("먼저 {input}")


def test_a_draft_is_there_after_a_reload_and_can_be_dropped(one_page, api):
    page = one_page
    page.room("apps", add_app(api))
    page.at("template").fill("쓰다 만 {input}")
    page.page.reload()
    expect(page.at("template")).to_have_value("쓰다 만 {input}")
    expect(page.at("save-state")).to_have_text(page.word("stateChanged", n=1))
    page.at("discard").click()
    expect(page.at("template")).to_have_value(CONTENT["template"])
    expect(page.at("discard")).to_be_hidden()


def test_shared_forked_exported_imported_deleted(one_page, script, api, open_page, tmp_path):
    page = one_page
    name = add_app(api)
    page.room("apps", name, "deploy")
    page.at("share").click()
    link = page.at("share-link").get_attribute("href")
    reader = open_page(link, page.language)
    expect(reader.at("shared-template")).to_have_text(CONTENT["template"])
    reader.at("shared-fork").click()
    reader.page.keyboard.press("Enter")
    expect(reader.at("template")).to_have_value(CONTENT["template"])
    assert f"{name}-2" in [one["name"] for one in api.get("/v1/apps").json()["data"]]
    with page.page.expect_download() as got:
        page.at("export").click()
    file = tmp_path / "app.json"
    got.value.save_as(file)
    assert json.loads(file.read_text())["content"]["template"] == CONTENT["template"]
    page.at("share").click()
    page.notice("shareOffDone")
    reader.page.goto(link)
    reader.page.reload()
    expect(reader.page.locator("#room-shared .failure-text")).to_have_text(reader.word("errorGone"))
    page.at("app-delete").click()
    page.notice("appDeleted", name=name)
    page.at("import-file").set_input_files(file)
    page.page.wait_for_selector("dialog[open]")
    page.page.keyboard.press("Enter")
    expect(page.at("template")).to_have_value(CONTENT["template"])
    page.room("apps")
    file.write_text("[1]")
    page.at("import-file").set_input_files(file)
    page.notice("importWrong", name="app.json")


def test_an_app_is_deployed_for_oneself_and_taken_out(one_page, script, api):
    page = one_page
    name = add_app(api)
    page.room("apps", name, "deploy")
    page.at("deploy-public").uncheck()
    page.at("deploy").click()
    expect(page.at("app-deploy")).to_contain_text(page.word("addressClosed"))
    assert api.get(f"/a/{name}/about").status_code == 404
    page.page.locator("#app-deploy details.more > summary").click()
    limit = page.at("deploy-requests_per_minute")
    limit.fill("0")
    page.at("deploy").click()
    expect(fault_of(limit)).to_have_text(page.word("numberWrong", least=1, most="1,000,000"))
    limit.fill("7")
    page.at("deploy-public").check()
    page.at("deploy").click()
    expect(page.at("phone-link")).to_be_visible()
    assert api.get(f"/v1/apps/{name}").json()["limits"]["requests_per_minute"] == 7
    page.page.get_by_text(page.word("addressApi")).click()
    expect(page.at("api-code")).to_contain_text(f"app:{name}")
    page.at("deploy-off").click()
    page.notice("deployedOff")
    expect(page.at("deploy-state")).to_have_text(page.word("deployNone"))


def test_versions_are_scored_on_a_table(one_page, script, api):
    page = one_page
    script.text = " 네"
    page.room("apps", add_app(api), "score")
    page.at("score-run").click()
    table = page.at("score-table")
    expect(fault_of(table)).to_have_text(page.word("scoreTableEmpty"))
    table.fill("글,답\n가,네\n나")
    page.at("score-run").click()
    expect(fault_of(table)).to_have_text(page.word("scoreTableUneven", line=3, cells=1, most=2))
    table.fill("글\t답\n가\t네\n나\t아니요")
    page.at("score-run").click()
    row = page.page.locator(".figures tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("td").first).to_have_text("50.0")


def test_two_browsers_with_two_keys_do_not_mix(script, open_page):
    keys = {name: script.studio.store.add_key(name) for name in ("가", "나")}
    script.studio.access._known.clear()
    pages = {}
    for name, key in keys.items():
        pages[name] = open_page(script.url + "/#/apps", ready=False)
        pages[name].at("key").fill(key)
        pages[name].at("key-save").click()
        expect(pages[name].at("apps-empty")).to_be_visible()
    one, other = pages["가"], pages["나"]
    name = begin_from_sample(one)
    try_it(one, "비밀이에요")
    other.page.reload()
    expect(other.at("apps-empty")).to_be_visible()
    other.room("apps", name)
    expect(other.page.locator(".failure-text")).to_have_text(other.word("errorGone"))
    other.room("apps")
    other.page.locator("#app-samples .sample").first.click()
    field = other.page.locator("dialog[open] input")
    other.page.keyboard.press("Enter")
    expect(fault_of(field)).to_contain_text(other.word("errorTaken").split("(")[0])
    field.fill("다른-이름")
    other.page.keyboard.press("Enter")
    expect(other.at("template")).to_be_visible()
    expect(other.at("try-input")).to_have_value("")
    one.room("apps")
    expect(one.page.locator("#app-list .app-card")).to_have_count(1)
    assert not re.search("비밀", other.page.evaluate("JSON.stringify({...sessionStorage})"))


def test_the_rooms_by_keyboard(one_page, api):
    page = one_page
    add_app(api)
    page.page.keyboard.press("Alt+Shift+2")
    expect(page.page.locator("#app-list")).to_be_visible()
    page.page.locator(".card-link").focus()
    page.page.keyboard.press("Enter")
    page.at("try-input").fill("글")
    page.page.keyboard.press("Control+Enter")
    expect(page.at("try-text")).to_have_text("웃었다.")
    page.page.keyboard.press("Alt+Shift+3")
    expect(page.at("collection-name")).to_be_visible()
    page.page.keyboard.press("Alt+Shift+1")
    expect(page.at("text")).to_be_visible()
    page.page.evaluate("location.hash = '#/%E0%A4%A'")
    expect(page.at("text")).to_be_visible()
