"""Ten people at the same time, each in a browser of their own: texts, apps, requests, history and conversations do not mix."""

import httpx
import pytest

from tests.studio.browser.conftest import eventually, expect
from tests.studio.browser.walks import add_app
from tests.studio.studio_world import Running

pytestmark = pytest.mark.claims("services")
PEOPLE = [f"p{number}" for number in range(10)]
TALK = {
    "template": "{history}{input}",
    "session": {"turns": 4, "user": "", "bot": "", "greeting": ""},
    "parameters": {"max_tokens": 40},
}


@pytest.fixture
def script(tokenizer, tmp_path):
    """A server whose model says the last word of each prompt again."""
    from tests.studio.browser.scripted import Scripted, Writing
    from tests.studio.studio_world import running

    class Echo(Scripted):
        async def write(self, ask):
            prompt = self.tokenizer.decode(list(ask.ids))
            self.asks.append(prompt)
            return Writing(self, ask, f" {prompt.split()[-1]}!")

    backend = Echo(tokenizer)
    with running(f"sqlite:///{tmp_path}/studio.db", backend=lambda: backend) as made:
        backend.url, backend.studio = made.url, made.studio
        yield backend


@pytest.fixture
def people(script, open_page):
    """The page of each, with a key of its own, by name."""
    keys = {name: script.studio.store.add_key(name) for name in PEOPLE}
    script.studio.access._known.clear()
    pages = {}
    for number, (name, key) in enumerate(keys.items()):
        language, size = (("ko", "360"), ("en", "1280"))[number % 2]
        page = pages[name] = open_page(script.url, language, size, ready=False)
        page.key = {"Authorization": f"Bearer {key}"}
        page.at("key").fill(key)
        page.at("key-save").click()
        page.page.wait_for_selector("#status[data-state=ready]")
    return pages


def together(script, people, begin):
    """Lets everybody begin, and the model answer only once all have asked it."""
    script.most = 0
    script.asks.clear()
    for name, page in people.items():
        begin(name, page)
    eventually(lambda: len(script.asks), len(people))
    script.most = None


def test_ten_people_at_once_do_not_mix(script, people):
    api = Running(script.url, script.studio, None)
    for name, page in people.items():
        add_app(api, f"앱-{name}", {"template": "{input}"}, page.key)

    def write(name, page):
        page.at("text").fill(f"나는 {name}")
        page.at("text").press("Control+Enter")

    together(script, people, write)
    for name, page in people.items():
        page.reads(f"나는 {name} {name}!")
        page.rest()
        page.room("apps")
        expect(page.page.locator("#app-list .mono")).to_have_text([f"앱-{name}"])
        page.room("apps", f"앱-{name}")
        page.at("try-input").fill(f"나도 {name}")

    together(script, people, lambda _, page: page.at("try-run").click())
    for name, page in people.items():
        expect(page.at("try-text")).to_have_text(f"{name}!")
        expect(page.page.locator(".try .thumbs")).to_be_visible()
        page.room("usage")
        groups = page.page.locator("#usage-by-table tbody th")
        expect(groups.filter(has_text="앱-")).to_have_text([f"앱-{name}"])
        expect(page.page.locator("#request-list > li")).to_have_count(2)
        page.room("")
        page.tab("history")
        runs = page.page.locator("#history-list .card .model-text")
        expect(runs).to_have_text([f"나는 {name} {name}!"])


def test_ten_phones_do_not_mix(script, open_page):
    api = Running(script.url, script.studio, None)
    path = f"{api.url}/v1/apps/{add_app(api, '수다', TALK)}"
    access = {"public": True, "requests_per_minute": 100}
    assert httpx.put(f"{path}/access", json=access).status_code == 200
    label = {"version": 1, "was": None}
    assert httpx.put(f"{path}/labels/service", json=label).status_code == 200
    people = {name: open_page(f"{script.url}/a/수다", ready=False) for name in PEOPLE}

    def say(name, page):
        page.at("input").fill(f"안녕 {name}")
        page.page.keyboard.press("Enter")

    for turn in (1, 2):
        together(script, people, say)
        for name, page in people.items():
            expect(page.at("send")).to_be_visible()
            texts = [f"안녕 {name}", f"{name}!"] * turn
            expect(page.page.locator(".turn .model-text")).to_have_text(texts)
    for prompt in script.asks:
        assert len({name for name in PEOPLE if name in prompt.split()}) == 1
        assert prompt.count("안녕") == 2
