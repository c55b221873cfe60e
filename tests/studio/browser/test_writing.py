"""Writing in the browser: at the cursor, stopped, undone, again, several at once, and a wire that is cut."""

import json
import re
import subprocess
import sys

import pytest

from tests.studio.browser.conftest import eventually, expect, request_of
from tests.studio.browser.scripted import LONGEST, Wire

pytestmark = pytest.mark.claims("services")


def test_the_text_goes_on_at_the_cursor(page, script):
    page.at("text").fill("옛날에 끝.")
    page.at("text").evaluate("area => area.setSelectionRange(3, 3)")
    page.continue_()
    page.reads("옛날에 웃었다. 끝.")
    assert request_of(script.asks[-1], script.tokenizer)["prompt"] == "옛날에"
    expect(page.page.locator("#backdrop .made").first).to_have_text(" 웃었다.")
    expect(page.at("ended")).to_have_text(page.word("endedStop"))
    page.continue_()
    page.reads("옛날에 웃었다. 웃었다. 끝.")


def test_a_stream_shows_text_as_it_comes_and_never_half_a_syllable(page, script):
    script.text, script.most = " 뷁뷁뷁 쀍쀍 그래서", 0  # characters of three tokens each
    page.page.evaluate(
        """() => {
          window.seen = [];
          const step = () => { window.seen.push(document.querySelector('#text').value); requestAnimationFrame(step); };
          step();
        }"""
    )
    page.at("text").fill("가")
    page.at("text").press("Control+Enter")
    ids = script.tokenizer.encode(script.text)
    for count in range(1, len(ids) + 1):
        script.most = count
        written = script.tokenizer.decode(ids[:count])
        if not written.endswith("\ufffd"):
            page.reads("가" + written)
    page.rest()
    page.reads("가 뷁뷁뷁 쀍쀍 그래서")
    seen = set(page.page.evaluate("window.seen"))
    assert all(page.text.startswith(text) for text in seen)
    assert not any("\ufffd" in text for text in seen)


def test_stop_keeps_what_was_written(page, script):
    script.text, script.most = " 그래서 우리는 다시 웃었다." * 4, 8
    page.at("text").fill("끝.")
    page.at("text").press("Control+Enter")
    page.longer_than(6)
    expect(page.at("text")).not_to_be_editable()
    page.at("text").press("Escape")
    page.rest()
    written = page.text
    assert "끝.".join(["", written[2:]]) == written
    assert len(written) < len("끝." + script.text)
    expect(page.at("ended")).to_have_text(page.word("stopped"))
    script.most = None
    page.continue_()
    page.reads(written + script.text)
    page.at("text").press("Control+z")
    page.reads(written)


def test_undo_redo_and_regenerate(page, script):
    script.texts = [" 첫째.", " 둘째.", " 셋째."]
    page.write("글")
    page.reads("글 첫째.")
    page.at("regenerate").click()
    page.rest()
    page.reads("글 둘째.")
    page.at("undo").click()
    page.reads("글 첫째.")
    page.at("text").press("Control+Shift+z")
    page.reads("글 둘째.")
    page.at("text").press("Control+Shift+Enter")
    page.rest()
    page.reads("글 셋째.")
    page.at("text").press_sequentially("!!")
    page.at("text").press("Control+z")
    page.reads("글 셋째.")
    assert [request_of(ask, script.tokenizer)["prompt"] for ask in script.asks] == ["글"] * 3


def test_regenerating_with_a_seed_says_that_the_text_is_the_same(page):
    page.setting("seed", 7)
    page.write("글")
    page.at("regenerate").click()
    page.notice("seedSame")


def test_nothing_to_write_after(page, script):
    page.at("text").press("Control+Enter")
    page.notice("nothingBefore")
    page.at("regenerate").click()
    page.notice("nothingToRegenerate")
    script.text = ""
    page.write("끝")
    page.reads("끝")


def test_all_settings_reach_the_model(page, script):
    for name, value in {
        "temperature": 0.3, "max_tokens": 9, "top_p": 0.8, "top_k": 5, "repetition_penalty": 1.2,
        "presence_penalty": 0.5, "frequency_penalty": -0.5, "seed": 11, "stop": "\\n", "start": "\\n답:", "restart": "\\n질문:",
    }.items():  # fmt: skip
        page.setting(name, value)
    page.write("질문: 이름은?")
    asked = request_of(script.asks[-1], script.tokenizer)
    expected = {"temperature": 0.3, "top_p": 0.8, "top_k": 5, "repetition_penalty": 1.2}
    expected |= {
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "max_new_tokens": 9,
        "stop": ["\n"],
    }
    assert {name: asked[name] for name in expected} == expected
    assert script.asks[-1].seed == 11
    assert asked["prompt"] == "질문: 이름은?\n답:"
    page.reads(re.compile(r"^질문: 이름은\?\n답: 웃[^$]*\n질문:$"))
    page.tab("settings")
    page.page.locator("#settings .chips button").click()
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    expect(page.at("setting-temperature")).to_have_value("0.3")  # kept for the next time
    expect(page.at("setting-start")).to_have_value("\\n답:")


def test_presets_and_values_that_do_not_fit(page, script):
    page.tab("settings")
    exact, free = (
        page.page.locator(f"#settings [data-preset={name}]") for name in ("exact", "free")
    )
    exact.click()
    expect(page.at("setting-temperature")).to_have_value("0")
    expect(exact).to_have_attribute("aria-pressed", "true")
    free.click()
    expect(page.at("setting-temperature")).to_have_value("1")
    page.setting("temperature", 9)
    page.at("text").fill("글")
    page.at("text").press("Control+Enter")
    page.notice("outOfRange", name=page.word("temperature"), least=0, most=2)
    assert not script.asks


def test_several_choices_to_take_one_of(page, script):
    script.texts = [" 하나.", " 둘.", " 셋."]
    page.setting("n", 3)
    page.write("글")
    cards = page.page.locator("#choices-list .card")
    expect(cards).to_have_count(3)
    page.reads("글")
    texts = cards.locator(".model-text")
    eventually(lambda: sorted(texts.all_text_contents()), [" 둘.", " 셋.", " 하나."])
    chosen = cards.nth(1).locator(".model-text").text_content()
    cards.nth(1).locator("button").click()
    page.reads("글" + chosen)
    expect(page.at("choices")).to_be_hidden()
    page.at("text").press("Control+z")
    page.reads("글")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_stream_that_is_cut_keeps_the_text_and_says_so(script, open_page, language):
    script.text, script.most = " 그래서 우리는 다시 웃었다." * 4, 8
    wire = Wire(int(script.url.rsplit(":", 1)[1]))
    page = open_page(wire.url, language)
    page.at("text").fill("끝.")
    page.at("text").press("Control+Enter")
    page.longer_than(6)
    wire.cut()
    page.notice("errorCut")
    page.rest()
    assert ("끝." + script.text).startswith(page.text)
    assert len(page.text) > 6
    page.at("text").press("Control+Enter")
    page.notice("errorNetwork")
    expect(page.at("text")).to_be_editable()


def test_an_error_inside_a_stream_is_said(page, script):
    from clova_jax.studio.errors import ApiError

    async def write(ask):
        raise ApiError(503, "too many", code="queue_full", retry_after=3)

    script.write = write
    page.at("text").fill("글")
    page.at("text").press("Control+Enter")
    page.notice("errorFull", wait=3)
    page.rest()
    page.reads("글")


def test_a_text_too_long_says_what_to_do(page):
    page.write("가" * LONGEST)
    page.notice("errorContext")


def test_the_draft_is_there_after_a_reload_and_tokens_are_counted(page, script):
    page.at("text").fill("호랑이가 살았다")
    count = len(script.tokenizer.encode("호랑이가 살았다"))
    expect(page.at("tokens")).to_have_text(page.word("tokensOf", count=count, most=LONGEST))
    expect(page.at("samples")).to_be_hidden()
    page.page.reload()
    page.page.wait_for_selector("#status[data-state=ready]")
    page.reads("호랑이가 살았다")
    page.at("new-text").click()
    page.reads("")
    expect(page.at("samples")).to_be_visible()
    page.page.locator(".sample").nth(1).click()
    page.reads(re.compile("평가:$"))
    expect(page.at("setting-max_tokens")).to_have_value("4")


@pytest.mark.parametrize("form", ["curl", "python"])
def test_the_code_makes_the_same_request(page, script, form):
    page.setting("seed", 3)
    page.setting("repetition_penalty", 1.3)
    prompt = "그가 말했다: 'it\\'s \"여기\"' $HOME `date` \\n 🙂\n다음 줄"
    page.at("text").fill(prompt)
    page.at("text").press("Alt+c")
    page.page.locator(f"#code-forms [data-form={form}]").click()
    code = page.at("code-text").text_content()
    run = ["bash", "-c", code] if form == "curl" else [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    text = json.loads(done.stdout)["choices"][0]["text"] if form == "curl" else done.stdout[:-1]
    assert text == script.text
    asked = request_of(script.asks[-1], script.tokenizer)
    assert (asked["prompt"], script.asks[-1].seed, asked["repetition_penalty"]) == (prompt, 3, 1.3)
    page.page.keyboard.press("Escape")
    expect(page.at("code-dialog")).to_be_hidden()
