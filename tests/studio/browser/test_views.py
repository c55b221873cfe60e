"""The other views in the browser: probabilities, influence, examples, comparison, history, key, languages, themes."""

import re

import pytest

from tests.studio.browser.conftest import eventually, expect, request_of

pytestmark = pytest.mark.claims("services")


def test_probabilities_and_writing_on_from_an_alternative(page, script):
    page.write("옛날")
    page.at("probability").click()
    expect(page.page.locator("#backdrop[data-view=probability] span[style]").first).to_be_attached()
    expect(page.at("legend-text")).to_have_text(page.word("probabilityHint"))
    page.at("text").press("Control+End")
    page.at("text").press("Alt+ArrowDown")
    rows = page.page.locator("#alternatives .alternative")
    expect(rows).to_have_count(5)
    expect(page.at("alternatives")).to_contain_text(page.word("halfCharacter"))
    expect(page.at("alternatives")).to_contain_text(page.word("endOfText"))
    expect(page.page.locator("#alternatives button:disabled")).to_have_count(1)
    expect(page.page.locator("#alternatives")).to_be_in_viewport()
    script.text = " 끝났다."
    before = page.text
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Escape")
    expect(page.at("text")).to_be_focused()
    page.at("text").press("Alt+ArrowDown")
    rows.filter(has_text="울었다").click()
    page.rest()
    page.reads(re.compile(" 울었다 끝났다.$"))
    assert request_of(script.asks[-1], script.tokenizer)["prompt"] + " 끝났다." == page.text
    assert script.asks[-1].logprobs == 5
    page.at("text").press("Control+z")
    page.reads(before)


def test_a_click_on_a_token_shows_its_alternatives(page):
    page.at("text").fill("호랑이가 살았다. 끝났다")
    page.at("probability").click()
    token = page.page.locator("#backdrop span[style]").nth(4)
    box = token.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.at("alternatives")).to_be_visible()
    chosen = page.page.locator("#alternatives .alternative", has_text=page.word("chosen"))
    expect(chosen.locator(".token")).to_have_text(token.text_content().replace(" ", "␣"))


def test_typing_keeps_the_marks_of_the_rest(page):
    page.write("옛날")
    page.at("text").press("Control+Home")
    page.at("text").press_sequentially("아주 ")
    expect(page.page.locator("#backdrop .made")).to_have_text(" 웃었다.")
    # The backdrop is drawn with the next frame, which a busy machine is late with.
    expect(page.at("backdrop")).to_have_js_property("textContent", page.text + "\u200b")


def test_influence_is_the_gradient_of_the_model(real_page, model):
    page = real_page
    page.at("text").fill("옛날 옛적에 호랑이가")
    page.at("text").press("Alt+h")
    heats = page.page.locator("#backdrop[data-view=heat] span")
    expect(heats.first).to_be_attached()
    values = heats.evaluate_all(
        "spans => spans.map(one => Number(one.style.getPropertyValue('--heat')))"
    )
    assert max(values) == 1
    assert min(values) == 0  # the last token is a target only
    assert len(values) > 4
    assert "".join(heats.all_text_contents()) == "옛날 옛적에 호랑이가"
    expect(page.at("heat")).to_have_attribute("aria-pressed", "true")
    page.at("text").press("End")
    page.at("text").press_sequentially("!")
    expect(page.at("heat")).to_have_attribute("aria-pressed", "false")


def test_a_server_without_gradients_says_so(page):
    page.at("text").fill("옛날")
    page.at("heat").click()
    page.notice("heatLacking")


SHEET = '이 영화 최고\t긍정\n"두 줄\n짜리 ""평"""\t부정\n{input} <b>태그</b>\t긍정\t남는 칸'


def paste(page, row, text):
    script = """(area, text) => {
      const data = new DataTransfer();
      data.setData('text/plain', text);
      area.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
    }"""
    page.page.locator("#rows textarea").nth(2 * row).evaluate(script, text)


def test_the_table_of_examples(page, script):
    page.tab("examples")
    page.at("instruction").fill("감정을 고르세요.")
    page.at("input-name").fill("평")
    page.at("output-name").fill("감정")
    paste(page, 0, SHEET)
    page.notice("pastedUneven", n=3, line=3, cells=3)
    page.at("query").fill("지루했다")
    expected = (
        '감정을 고르세요.\n\n평: 이 영화 최고\n감정: 긍정\n\n평: 두 줄\n짜리 "평"\n감정: 부정\n\n'
        "평: {input} <b>태그</b>\n감정: 긍정\n\n평: 지루했다\n감정:"
    )
    expect(page.at("preview")).to_have_js_property("textContent", expected)
    count = len(script.tokenizer.encode(expected))
    expect(page.at("examples-tokens")).to_have_text(
        page.word("tokensOf", count=count, most=script.max_length)
    )
    script.text = " 부정"
    page.at("run-examples").click()
    expect(page.at("answer")).to_have_text("부정")
    asked = request_of(script.asks[-1], script.tokenizer)
    assert (asked["prompt"], asked["stop"]) == (expected, ["\n"])
    page.at("add-row").click()
    page.page.locator("#rows tr").nth(0).locator("button").click()
    expect(page.at("preview")).not_to_contain_text("이 영화 최고")
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.tab("examples")
    expect(page.at("query")).to_have_value("지루했다")
    page.at("examples-to-editor").click()
    page.reads(re.compile("평: 지루했다\n감정:$"))
    page.tab("examples")
    page.at("query").fill("가" * script.max_length)
    expect(page.at("examples-tokens")).to_have_attribute("data-kind", "fault")


def test_two_settings_side_by_side(page, script):
    script.texts = [" 하나.", " 둘."]
    page.at("text").fill("옛날에")
    page.tab("compare")
    page.at("compare-run").click()
    page.notice("comparePromptEmpty")
    page.at("compare-from-editor").click()
    page.at("compare-run").click()
    sides = page.page.locator("#sides .side")
    expect(sides.locator("> button:enabled")).to_have_count(2)
    assert {ask.sampling["temperature"] for ask in script.asks} == {0, 1}
    assert {request_of(ask, script.tokenizer)["prompt"] for ask in script.asks} == {"옛날에"}
    texts = sides.locator(".model-text")
    eventually(lambda: sorted(texts.all_text_contents()), [" 둘.", " 하나."])
    chosen = sides.nth(0).locator(".model-text").text_content()
    sides.nth(0).locator("> button").click()
    page.reads("옛날에" + chosen)
    expect(page.at("setting-temperature")).to_have_value("0")


def test_history_goes_back_to_text_and_settings(page, script):
    script.texts = [" 첫째.", " 둘째."]
    page.setting("temperature", 0.4)
    page.write("글")
    page.at("new-text").click()
    page.setting("temperature", 1.1)
    page.write("다른 글")
    page.tab("history")
    runs = page.page.locator("#history-list .card")
    expect(runs).to_have_count(2)  # kept by the browser, which takes its time
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.tab("history")
    expect(runs).to_have_count(2)
    page.at("history-find").fill("첫째")
    expect(runs).to_have_count(1)
    runs.locator("button").first.click()
    page.reads("글 첫째.")
    expect(page.at("setting-temperature")).to_have_value("0.4")
    page.notice("historyRestored")
    page.tab("history")
    page.at("history-find").fill("없는 글")
    expect(page.at("history-none")).to_have_text(page.word("historyNone"))
    page.at("history-find").fill("")
    runs.nth(0).locator("button").nth(1).click()
    expect(runs).to_have_count(1)
    page.at("history-clear").click()
    expect(page.at("history-none")).to_have_text(page.word("historyEmpty"))


def test_two_browsers_share_nothing(script, open_page):
    one, other = open_page(script.url), open_page(script.url)
    one.write("비밀")
    other.page.reload()
    other.page.wait_for_selector("#status[data-state=ready]")
    other.reads("")
    other.tab("history")
    expect(other.at("history-none")).to_have_text(other.word("historyEmpty"))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_key_is_asked_for_and_kept_for_the_window_only(script, open_page, language):
    page = open_page(script.url, language)
    key = script.studio.store.add_key("web", filters={"personal": "mask"})
    script.studio.access._known.clear()
    page.at("text").fill("글")
    page.at("text").press("Control+Enter")
    page.notice("errorKeyMissing")
    page.at("key").fill("sk-wrong")
    page.at("key-save").click()
    page.notice("errorKeyWrong")
    page.at("key").fill(key)
    page.at("key-save").click()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.continue_()
    page.reads("글 웃었다.")
    page.at("probability").click()
    page.notice("errorLogprobs")
    page.at("text").press("Alt+c")
    code = page.at("code-text").text_content()
    assert "$STUDIO_KEY" in code
    assert key not in code
    page.page.keyboard.press("Escape")
    stored = page.page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
    assert key in stored[0]
    assert key not in stored[1]
    page.at("open-key").click()
    page.at("key-forget").click()
    page.notice("errorKeyMissing")


def test_a_limit_says_when_to_come_back(page, script):
    from clova_jax.studio.store import Limits

    key = script.studio.store.add_key("web", Limits(requests=1))
    script.studio.access._known.clear()
    page.at("open-key").click()
    page.at("key").fill(key)
    page.at("key-save").click()
    page.notice("keySaved")
    page.write("글")
    page.continue_()
    waits = re.compile(
        "|".join(re.escape(page.word("errorLimit", wait=wait)) for wait in range(1, 61))
    )
    expect(page.at("notice-text")).to_have_text(waits)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_language_and_theme_are_switched_and_kept(script, open_page, language):
    page = open_page(script.url, language, color_scheme="dark")
    other = {"ko": "en", "en": "ko"}[language]
    expect(page.page.locator("html")).to_have_attribute("lang", language)
    body = page.page.locator("body")
    dark = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.at("theme").click()  # light
    expect(body).not_to_have_css("background-color", dark)
    light = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.at("language").click()
    page.language = other
    expect(page.at("write")).to_contain_text(page.word("write"))
    expect(page.page.locator("#settings label").first).to_have_text(page.word("model"))
    page.page.reload()
    expect(page.at("write")).to_contain_text(page.word("write"))
    expect(body).to_have_css("background-color", light)
    left = "[...document.querySelectorAll('[data-word], [data-said]')].filter(one => /undefined|\\{\\w+\\}/.test(one.textContent)).length"
    eventually(lambda: page.page.evaluate(left), 0)


def test_the_keyboard_does_it_all(page, script):
    page.at("text").fill("글")
    page.page.keyboard.press("Alt+2")
    expect(page.at("view-examples")).to_be_visible()
    page.page.keyboard.press("ArrowRight")
    expect(page.at("view-compare")).to_be_visible()
    page.page.keyboard.press("Alt+1")
    page.page.keyboard.press("?")
    expect(page.at("shortcuts-dialog")).to_be_visible()
    assert (
        page.page.locator("#shortcut-list dt").count()
        == page.page.locator("#shortcut-list dd").count()
    )
    page.page.keyboard.press("Escape")
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    expect(page.at("text")).to_be_focused()
    page.page.keyboard.press("Control+Enter")
    page.rest()
    page.reads("글 웃었다.")
