"""The phone page: a conversation for whoever has the link, kept apart from others, cut, limited, rated, reported."""

import httpx
import pytest

from tests.studio.browser.conftest import expect, request_of
from tests.studio.browser.scripted import Wire
from tests.studio.browser.walks import CONTENT, add_app, fault_of
from tests.studio.studio_world import Running

pytestmark = pytest.mark.claims("services")
EVIL = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script><b>굵게</b>'
TALK = CONTENT | {
    "parameters": {"max_tokens": 300},
    "title": {"ko": "안내원 <b>", "en": "Guide <b>"},
    "about": {"ko": "물어보세요.", "en": "Ask."},
    "template": "{history}사용자: {input} ({말투})\n봇:",
    "variables": [{"name": "말투", "label": "말투 <i>", "default": "높임"}],
    "session": {"greeting": "어서 오세요. <u>"},
}


@pytest.fixture
def api(script):
    """The API of the scripted server."""
    return Running(script.url, script.studio, None)


def put_in_service(api, content, name="안내", **access):
    """Deploys an app to everybody; returns the path of its page."""
    add_app(api, name, content)
    path = f"{api.url}/v1/apps/{name}"
    assert httpx.put(f"{path}/access", json={"public": True, **access}).status_code == 200
    label = {"version": 1, "was": None}
    assert httpx.put(f"{path}/labels/service", json=label).status_code == 200
    return f"/a/{name}"


@pytest.fixture(params=["ko-360", "ko-1280", "en-360", "en-1280"])
def phone(request, script, api, open_page):
    """The phone page of an app that talks."""
    language, size = request.param.split("-")
    path = put_in_service(api, TALK)
    made = open_page(script.url + path, language, size, ready=False)
    expect(made.at("form")).to_be_visible()
    return made


def say(phone, text):
    """Sends a text, and waits for the end of the answer."""
    phone.at("input").fill(text)
    phone.page.keyboard.press("Enter")
    expect(phone.at("send")).to_be_visible()


def bot(phone):
    return phone.page.locator(".turn.bot .model-text")


def test_a_conversation_is_remembered_until_a_new_one(phone, script):
    script.texts = [" 하나", " 둘", " 셋"]
    expect(phone.at("title")).to_have_text({"ko": "안내원 <b>", "en": "Guide <b>"}[phone.language])
    expect(bot(phone)).to_have_text(["어서 오세요. <u>"])
    say(phone, "처음")
    phone.page.locator("#given summary").click()
    phone.page.locator("#given-0").fill("낮춤 {input}")
    say(phone, "다음")
    expect(bot(phone)).to_have_text(["어서 오세요. <u>", "하나", "둘"])
    asked = request_of(script.asks[-1], script.tokenizer)["prompt"]
    assert asked.index("처음") < asked.index("하나") < asked.index("다음")
    assert "다음 (낮춤 {input})" in asked
    expect(phone.at("input")).to_be_focused()
    expect(phone.page.locator(".turn-tools").last).to_be_in_viewport()
    phone.at("new-talk").click()
    expect(bot(phone)).to_have_text(["어서 오세요. <u>"])
    say(phone, "새로")
    assert "처음" not in request_of(script.asks[-1], script.tokenizer)["prompt"]
    phone.at("language").click()
    other = {"ko": "en", "en": "ko"}[phone.language]
    expect(phone.at("title")).to_have_text({"ko": "안내원 <b>", "en": "Guide <b>"}[other])


def test_two_phones_do_not_mix(script, api, open_page):
    path = put_in_service(api, TALK)
    one, other = (open_page(script.url + path, ready=False) for _ in range(2))
    say(one, "비밀이에요")
    say(other, "무슨 말을 했지요?")
    assert "비밀" not in request_of(script.asks[-1], script.tokenizer)["prompt"]
    expect(bot(other)).to_have_count(2)


def test_an_answer_is_rated_and_reported(phone, script, api):
    say(phone, "안녕")
    up = phone.page.locator(".thumb[data-value='1']")
    up.click()
    phone.notice("rated")
    expect(up).to_have_attribute("aria-pressed", "true")
    phone.page.locator(".report").click()
    field = phone.at("report-text")
    phone.page.locator("dialog[open] .main").click()
    expect(fault_of(field)).to_have_text(phone.word("reportEmpty"))
    field.fill("틀린 말이에요")
    phone.page.locator("dialog[open] .main").click()
    phone.notice("reported")
    assert [one["text"] for one in api.get("/v1/misuse").json()["data"]] == ["틀린 말이에요"]


def test_what_the_model_writes_is_text_there_too(phone, script):
    script.text = " " + EVIL
    say(phone, EVIL)
    expect(bot(phone).last).to_contain_text("<script>window.hurt=1")
    assert phone.page.evaluate("window.hurt") is None
    assert phone.page.locator("main img, main script, main b, main u, main i").count() == 0


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_cut_wire_and_a_stop_keep_what_came(script, api, open_page, language):
    script.text, script.most = " 그래서 우리는 다시 웃었다." * 4, 8
    wire = Wire(int(script.url.rsplit(":", 1)[1]))
    phone = open_page(wire.url + put_in_service(api, TALK), language, "360", ready=False)
    phone.at("input").fill("안녕")
    phone.page.keyboard.press("Enter")
    expect(bot(phone).last).to_contain_text("그래서")
    phone.at("stop").click()
    expect(phone.page.locator(".turn-foot").last).to_have_text(phone.word("stopped"))
    phone.at("input").fill("또")
    phone.page.keyboard.press("Enter")
    expect(bot(phone)).to_have_count(3)
    expect(bot(phone).last).to_contain_text("그래서")
    wire.cut()
    expect(phone.page.locator(".turn-foot").last).to_have_text(phone.word("phoneCut"))
    say(phone, "여보세요")
    phone.notice("errorNetwork")
    expect(phone.at("input")).to_have_value("여보세요")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_limits_closed_doors_and_empty_texts(script, api, open_page, language):
    path = put_in_service(api, CONTENT, requests_per_minute=1)
    phone = open_page(script.url + path, language, "360", ready=False)
    expect(phone.at("form")).to_be_visible()
    expect(phone.at("new-talk")).to_be_hidden()
    phone.at("send").click()
    expect(fault_of(phone.at("input"))).to_have_text(phone.word("phoneEmpty"))
    say(phone, "하나")
    say(phone, "둘")
    start = phone.word("phoneLimit").split("{")[0]
    expect(phone.at("notice-text")).to_contain_text(start)
    expect(phone.at("input")).to_have_value("둘")
    phone.page.goto(script.url + "/a/없음")
    expect(phone.at("closed")).to_have_text(phone.word("phoneClosed"))
