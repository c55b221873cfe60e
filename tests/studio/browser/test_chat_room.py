"""The room of chats: turns that are remembered, a system message, a stop, faults, a model without a template."""

import pytest

from clova_jax.model import ChatTemplate, Role
from tests.studio.browser.conftest import expect, request_of
from tests.studio.browser.test_safety import check_state
from tests.studio.browser.walks import fault_of

pytestmark = pytest.mark.claims("services")
EVIL = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script><b>굵게</b>'
TEMPLATE = ChatTemplate(Role("", "\n\n"), Role("질문: ", "\n"), Role("답변: ", "\n\n"))


@pytest.fixture(params=["ko-360", "en-1280"])
def chat(request, script, open_page):
    """The room of chats with a model that has a template."""
    script.studio.chat = TEMPLATE
    language, size = request.param.split("-")
    page = open_page(script.url, language, size)
    page.page.locator("#rooms [data-room=chat]").click()
    expect(page.at("room-chat")).to_be_visible()
    return page


def said(page):
    """The texts of all turns."""
    return page.page.locator("#chat-talk .model-text")


def say(page, text):
    """Says something, and waits for the end of the answer."""
    page.at("chat-input").fill(text)
    page.at("chat-input").press("Enter")
    expect(page.at("chat-send")).to_be_visible()
    expect(page.at("chat-state")).not_to_have_text(page.word("phoneWorking"))


def test_a_talk_is_remembered_until_a_new_one(chat, script):
    script.texts = [" 하나", " 둘", " 셋"]
    say(chat, "처음")
    expect(said(chat)).to_have_text(["처음", "하나"])
    chat.page.locator(".chat-system summary").click()
    chat.at("chat-system").fill("짧게 답하세요.")
    say(chat, "다음")
    expect(said(chat)).to_have_text(["처음", "하나", "다음", "둘"])
    asked = request_of(script.asks[-1], script.tokenizer)
    assert asked["prompt"] == ("짧게 답하세요.\n\n질문: 처음\n답변: 하나\n\n질문: 다음\n답변:")
    assert asked["max_new_tokens"] == 64
    expect(chat.at("chat-input")).to_be_focused()
    chat.at("chat-new").click()
    expect(said(chat)).to_have_count(0)
    say(chat, "새로")
    assert "처음" not in request_of(script.asks[-1], script.tokenizer)["prompt"]


def test_what_is_said_is_text_and_stays_over_a_change_of_language(chat, script):
    script.text = " " + EVIL
    say(chat, EVIL)
    expect(said(chat).last).to_contain_text("<script>window.hurt=1")
    assert chat.page.evaluate("window.hurt") is None
    assert chat.page.locator("#room-chat img, #room-chat script, #room-chat b").count() == 0
    chat.at("language").click()
    other = {"ko": "You", "en": "나"}[chat.language]
    expect(chat.page.locator("#chat-talk .who").first).to_have_text(other)
    expect(said(chat)).to_have_count(2)


def test_a_stop_keeps_what_came_and_an_empty_message_is_refused(chat, script):
    chat.at("chat-send").click()
    expect(fault_of(chat.at("chat-input"))).to_have_text(chat.word("phoneEmpty"))
    script.text, script.most = " 그래서 우리는 다시 웃었다." * 4, 8
    chat.at("chat-input").fill("안녕")
    chat.at("chat-input").press("Enter")
    expect(said(chat).last).to_contain_text("그래서")
    chat.at("chat-stop").click()
    expect(chat.at("chat-state")).to_have_text(chat.word("stopped"))
    expect(chat.at("chat-send")).to_be_visible()
    script.text, script.most = " 네", None
    say(chat, "또")
    assert "그래서" in request_of(script.asks[-1], script.tokenizer)["prompt"]


def test_a_fault_gives_the_message_back(chat, script):
    say(chat, "가" * 2000)
    chat.notice("errorContext")
    expect(chat.at("chat-input")).to_have_value("가" * 2000)
    expect(said(chat)).to_have_count(0)


def test_a_model_without_a_template_has_no_chat(one_page):
    expect(one_page.page.locator("#rooms [data-room=rules]")).to_be_visible()
    expect(one_page.page.locator("#rooms [data-room=chat]")).to_be_hidden()
    one_page.room("chat")
    expect(one_page.at("chat-lacking")).to_be_visible()
    expect(one_page.at("chat-input")).to_be_hidden()


def test_the_room_is_for_everybody(chat):
    say(chat, "안녕")
    chat.page.locator(".chat-system summary").click()
    check_state(chat, "chat")
