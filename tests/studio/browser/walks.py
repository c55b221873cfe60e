"""Walks through the rooms of apps and knowledge that several tests begin with."""

from urllib.parse import quote

from tests.studio.browser.conftest import expect

CONTENT = {"template": "질문: {input}\n답:", "parameters": {"max_tokens": 40}}


def add_app(client, name="안내", content=None, headers=None):
    """Makes an app over the API."""
    body = {"name": name, "content": content or CONTENT}
    answer = client.post("/v1/apps", body, headers=headers or {})
    assert answer.status_code == 201, answer.text
    return name


def add_documents(client, documents, collection="문서"):
    """Makes a collection of texts by name over the API."""
    import httpx

    assert client.post("/v1/collections", {"name": collection}).status_code == 201
    for name, text in documents.items():
        path = f"/v1/collections/{quote(collection)}/documents?name={quote(name)}"
        assert httpx.post(client.url + path, content=text.encode()).status_code == 201
    return collection


def begin_from_sample(page, number=0):
    """Makes an app of a sample, as it is offered; returns its name."""
    page.room("apps")
    page.page.locator("#app-samples .sample").nth(number).click()
    name = page.page.locator("dialog[open] input").input_value()
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#template")
    return name


def view(page, number):
    """Shows a view of an app: edit, versions, deploy, score."""
    page.page.locator(".views a").nth(number).click()


def try_it(page, text):
    """Runs the app in the form beside its editor, and waits for the end."""
    page.at("try-input").fill(text)
    page.at("try-run").click()
    expect(
        page.at("try-run")
    ).to_be_enabled()  # the thumbs of an answer before it would be there at once
    expect(page.page.locator(".try .thumbs")).to_be_visible()


def deploy(page):
    """Deploys the newest version; returns the address of its phone page."""
    view(page, 2)
    page.at("deploy").click()
    page.page.wait_for_selector("#phone-link")
    return page.at("phone-link").get_attribute("href")


def fault_of(field):
    """What is said under a field."""
    return field.page.locator(f"#{field.get_attribute('id')}-fault")
