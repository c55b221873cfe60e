"""Browser tests of the playground: Chromium, servers that write a script or a small model, pages in both languages and widths."""

import importlib.util
import json
import shutil
import time

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
HOW = "pip install 'clova_jax[studio,browser]', and the packages chromium, fonts-noto-cjk, fonts-noto-color-emoji"
# Nothing is asked of the vendor's servers, which a closed network would only make slow.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SIZES = {"360": (360, 740), "1280": (1280, 800)}
PATIENCE = 30  # seconds, for a busy machine


def expect(locator):
    """Expects something of a locator, as Playwright's matchers do: they wait, where reading a state does not."""
    from playwright.sync_api import expect

    return expect(locator)


def eventually(read, wanted=True):
    """Waits until `read()` is what is wanted, for states that no matcher of `expect` knows; returns it."""
    until = time.monotonic() + PATIENCE
    while (found := read()) != wanted:
        assert time.monotonic() < until, f"{found!r} after {PATIENCE} s, not {wanted!r}"
        time.sleep(0.02)
    return found


def missing():
    """What the tests lack here."""
    names = ("fastapi", "playwright", "axe_playwright_python")
    lacks = [name for name in names if importlib.util.find_spec(name) is None]
    return lacks if CHROMIUM else [*lacks, "chromium"]


@pytest.fixture(scope="session")
def browser():
    """Starts Chromium; without it the tests are skipped with what to install, and fail in CI."""
    if lacks := missing():
        pytest.skip(f"no {', '.join(lacks)}; install {HOW}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def tokenizer(browser):
    from tests.studio.browser.scripted import make_tokenizer

    return make_tokenizer()


@pytest.fixture
def script(tokenizer, tmp_path):
    """A server that writes a script."""
    from tests.studio.browser.scripted import Scripted
    from tests.studio.studio_world import running

    backend = Scripted(tokenizer)
    url = f"sqlite:///{tmp_path}/studio.db"
    with running(url, backend=lambda: backend, wait=lambda path: backend.wait(path)) as made:
        backend.url, backend.studio = made.url, made.studio
        yield backend


@pytest.fixture(scope="session")
def model(browser, tmp_path_factory):
    """A server of a small model with random weights."""
    from tests.studio.studio_world import make_model, running

    folder = tmp_path_factory.mktemp("model")
    with running(f"sqlite:///{folder}/studio.db", make_model(), slots=4) as made:
        yield made


class Page:
    """Drives one page, by the ids of its parts and the keys of its words.

    Args:
        page: Playwright's.
        language: ko, en.
    """

    def __init__(self, page, language):
        self.page, self.language, self.problems = page, language, []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._console(message))
        page.on("dialog", lambda dialog: dialog.accept())

    def _console(self, message):
        # The browser itself reports answers that are errors.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def open(self, url, ready=True):
        """Opens the page, and waits for the model where one is to be seen."""
        self.page.goto(url)
        if ready:
            self.page.wait_for_selector("#status[data-state=ready]")
        return self

    def room(self, *path):
        """Shows a room, by the address behind #."""
        self.page.evaluate("path => { location.hash = path }", "/" + "/".join(path))

    def word(self, key, **values):
        """A word of the page in its language."""
        load = "async ([name, key]) => (await import('/static/js/words.js')).TABLES[name][key]"
        text = self.page.evaluate(load, [self.language, key])
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", f"{value:,}" if isinstance(value, int) else value)
        return text

    def at(self, name):
        """The part of that id."""
        return self.page.locator(f"#{name}")

    def tab(self, name):
        """Shows a view; the settings stand beside it where there is room."""
        if self.at(f"tab-{name}").is_visible():
            self.at(f"tab-{name}").click()

    def setting(self, name, value):
        """Fills a field of the settings."""
        self.tab("settings")
        field = self.at(f"setting-{name}")
        if not field.is_visible():
            self.page.locator("#settings details.more > summary").click()
        field.fill(str(value))
        field.press("Enter")
        self.tab("write")

    def write(self, text):
        """Puts a text into the editor and lets the model write."""
        self.at("text").fill(text)
        self.continue_()

    def continue_(self):
        """Writes on, and waits for the end."""
        self.at("text").focus()  # `press` would put the cursor at the start
        self.page.keyboard.press("Control+Enter")
        self.rest()

    def rest(self):
        """Waits until nothing is being written."""
        self.page.wait_for_selector("#write:not([hidden])")

    def longer_than(self, characters):
        """Waits until the editor's text is that long."""
        # Not `wait_for_function`: the page's policy forbids what that does.
        eventually(lambda: len(self.text) > characters)

    def reads(self, text):
        """Waits until the editor's text is `text`."""
        expect(self.at("text")).to_have_value(text)

    @property
    def text(self):
        """The editor's text."""
        return self.at("text").input_value()

    def notice(self, key, **values):
        """Waits for a line of words."""
        expect(self.at("notice-text")).to_have_text(self.word(key, **values))


@pytest.fixture
def open_page(browser):
    """Opens pages, each in a browser profile of its own; a script error on any of them fails the test."""
    contexts, pages = [], []

    def made(url, language="ko", size="1280", ready=True, **options):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale={"ko": "ko-KR", "en": "en-US"}[language],
            **options,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        pages.append(Page(context.new_page(), language))
        return pages[-1].open(url, ready)

    yield made
    problems = [problem for page in pages for problem in page.problems]
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture(params=["ko-360", "ko-1280", "en-360", "en-1280"])
def page(request, script, open_page):
    """The page of the scripted server, in each language and width."""
    language, size = request.param.split("-")
    return open_page(script.url, language, size)


@pytest.fixture(params=["ko-360", "en-1280"])
def one_page(request, script, open_page):
    """The page of the scripted server, in each language and in each width once."""
    language, size = request.param.split("-")
    return open_page(script.url, language, size)


@pytest.fixture(params=["ko-360", "en-1280"])
def real_page(request, model, open_page):
    """The page of the small model."""
    language, size = request.param.split("-")
    return open_page(model.url, language, size)


@pytest.fixture(autouse=True)
def patience():
    """Gives expectations the time that a busy machine needs."""
    if not missing():
        from playwright.sync_api import expect

        expect.set_options(timeout=1000 * PATIENCE)


def request_of(ask, tokenizer):
    """What a writing was asked for, as JSON can hold it."""
    return json.loads(json.dumps({"prompt": tokenizer.decode(list(ask.ids)), **ask.sampling}))
