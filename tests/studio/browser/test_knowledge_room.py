"""Knowledge in the browser: documents in and out, what is no text, and that what they say is data."""

import pytest

from tests.studio.browser.conftest import expect, request_of
from tests.studio.browser.walks import CONTENT, add_app, add_documents, fault_of, try_it
from tests.studio.studio_world import Running

pytestmark = pytest.mark.claims("services")
EVIL = '환불은 이레 안에 됩니다. <img src=x onerror="window.hurt=1"><script>window.hurt=1</script> {input} {비밀}'


@pytest.fixture
def api(script):
    """The API of the scripted server."""
    return Running(script.url, script.studio, None)


def file(name, data):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def test_documents_come_in_are_found_and_are_gone(page):
    page.room("knowledge")
    expect(page.at("collections-empty")).to_contain_text(page.word("collectionsEmpty"))
    name = page.at("collection-name")
    name.fill("두 말")
    page.page.keyboard.press("Enter")
    expect(fault_of(name)).to_have_text(page.word("nameWrong"))
    name.fill("안내")
    page.page.keyboard.press("Enter")
    expect(page.at("documents-empty")).to_be_visible()
    texts = [
        file("배송.txt", "배송은 이틀 걸립니다.".encode()),
        file("환불.md", "# 환불\n\n환불은 이레 안에 됩니다.".encode()),
        file("그림.png", b"\x89PNG\r\n\x1a\n\x00\xff\xfe"),
        file("깨짐.txt", b"\xff\xfe\x00\xd8"),
        file("어긋남.csv", "가,나\n1,2\n3\n".encode()),
        file("큰 글.txt", b"a" * 20_000_001),
    ]
    page.at("upload-files").set_input_files(texts)
    states = page.page.locator("#upload-list li")
    expect(states).to_have_count(6)
    expect(states.last).to_contain_text(page.word("uploadLarge"))
    for number in (0, 1):
        expect(states.nth(number)).to_contain_text(page.word("uploadDone", n=1))
    for number in (2, 3, 4):
        expect(states.nth(number)).to_have_attribute("data-state", "fault")
    expect(page.page.locator("#document-list li")).to_have_count(2)
    query = page.at("search-query")
    page.at("search-run").click()
    expect(fault_of(query)).to_have_text(page.word("searchEmpty"))
    query.fill("환불 기간")
    page.page.keyboard.press("Enter")
    expect(page.page.locator("#search-hits li").first).to_contain_text("이레")
    page.page.locator("#document-list li", has_text="환불.md").locator("button").click()
    page.notice("documentDeleted", name="환불.md")
    page.at("search-run").click()
    expect(page.at("search-hits")).not_to_contain_text("이레")
    page.at("collection-delete").click()
    page.notice("collectionDeleted", name="안내")
    expect(page.at("collections-empty")).to_be_visible()


def test_a_folder_and_a_drop(one_page, api, tmp_path):
    page = one_page
    page.room("knowledge", add_documents(api, {}, "안내"))
    folder = tmp_path / "글들"
    folder.mkdir()
    (folder / "가.txt").write_text("가나다")
    (folder / ".숨김").write_text("숨은 글")
    page.at("upload-folder").set_input_files(folder)
    expect(page.page.locator("#document-list li")).to_have_count(1)
    expect(page.page.locator("#document-list li")).to_contain_text("글들/가.txt")
    page.at("drop").evaluate(
        """zone => {
          const data = new DataTransfer();
          data.items.add(new File(['떨어뜨린 글'], '끌기.txt'));
          zone.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.page.locator("#document-list li")).to_have_count(2)
    page.page.locator("#document-list li", has_text="글들/가.txt").locator("button").click()
    expect(page.page.locator("#document-list li")).to_have_count(1)


def test_documents_are_shown_and_never_run(one_page, script, api):
    page = one_page
    add_documents(api, {"<b>안내.txt": EVIL, "둘.txt": "배송은 이틀 걸립니다."})
    knowledge = {"collection": "문서", "passages": 1}
    content = CONTENT | {"template": "{knowledge}\n질문: {input}\n답:", "knowledge": knowledge}
    name = add_app(api, content=content)
    page.room("knowledge", "문서")
    page.at("search-query").fill("환불")
    page.at("search-run").click()
    expect(page.page.locator("#search-hits li").first).to_contain_text("<script>window.hurt=1")
    page.room("apps", name)
    page.page.wait_for_selector("#template")
    try_it(page, "환불 되나요? {knowledge}")
    source = page.page.locator(".sources details")
    expect(source).to_contain_text("<b>안내.txt")
    source.locator("summary").click()
    expect(source).to_contain_text("{input} {비밀}")
    asked = request_of(script.asks[-1], script.tokenizer)["prompt"]
    assert asked == f"{EVIL}\n질문: 환불 되나요? {{knowledge}}\n답:"
    page.at("knowledge-tokens").evaluate("field => (field.closest('details').open = true)")
    page.at("knowledge-tokens").fill("1")
    try_it(page, "환불 되나요?")
    expect(page.page.locator(".sources .warning")).to_have_text(page.word("sourcesNone"))
    assert page.page.evaluate("window.hurt") is None
    assert page.page.locator("main img, main script, main b").count() == 0


def test_a_collection_in_service_is_not_deleted(one_page, api):
    import httpx

    page = one_page
    add_documents(api, {"하나.txt": "배송은 이틀 걸립니다."})
    knowledge = {"collection": "문서"}
    add_app(api, content=CONTENT | {"template": "{knowledge}{input}", "knowledge": knowledge})
    label = {"version": 1, "was": None}
    assert httpx.put(f"{api.url}/v1/apps/안내/labels/service", json=label).status_code == 200
    page.room("knowledge", "문서")
    page.at("collection-delete").click()
    expect(page.at("notice-text")).to_contain_text(page.word("collectionUsed").split("(")[0])
