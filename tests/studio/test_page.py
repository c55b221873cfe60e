"""The page's files over HTTP: types, the policy that lets nothing be run, no way out of the folder."""

import re
import socket
from pathlib import Path

import pytest

from clova_jax.studio.routes.page import POLICY, TYPES, static_files
from tests.studio.studio_world import running

STATIC = Path(__file__).resolve().parents[2] / "clova_jax" / "studio" / "static"
PATHS = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in PATHS if path.endswith(".js")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that has no model yet: the page comes all the same."""
    with running(f"sqlite:///{tmp_path_factory.mktemp('page')}/studio.db") as made:
        yield made


def test_the_page_comes_before_the_model_and_without_a_key(server):
    answer = server.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>HyperCLOVA Studio</title>" in answer.text
    assert server.get("/v1/models").status_code == 503


@pytest.mark.parametrize("path", ["/", *(f"/static/{path}" for path in PATHS)])
def test_every_file_has_its_type_and_the_policy(server, path):
    answer = server.get(path)
    name = path.removeprefix("/static/") if path != "/" else "index.html"
    assert answer.content == (STATIC / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[Path(name).suffix]
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    again = server.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_policy_lets_nothing_in_from_outside():
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in POLICY


@pytest.mark.parametrize(
    "path", ["no.js", "", "js", "js/", "Index.html", "js/main.js/x", "x" * 5000]
)
def test_what_is_no_file_is_a_404_in_words(server, path):
    answer = server.get(f"/static/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found_error"


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "js/../../app.py",
        "js/..%2f..%2fapp.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\app.py",
        "js/main.js%00.html",
    ],
)
def test_no_path_leads_out_of_the_folder(server, path):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:  # a client would tidy the path
        line.sendall(
            f"GET /static/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.split()[1] in (b"404", b"400")
    assert b"make_app" not in answer
    assert b"root:" not in answer


def test_the_files_are_those_that_python_packages_know():
    assert sorted(static_files()) == PATHS


def test_the_page_is_not_part_of_the_api(server):
    assert not any(
        "static" in path or path == "/" for path in server.get("/openapi.json").json()["paths"]
    )


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_write_text_only_and_stay_small(path):
    text = (STATIC / path).read_text()
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|javascript:|https?://(?!www\.w3\.org/2000/svg)"
    assert not re.search(forbidden, text)
    assert len(text.splitlines()) < 300
    for name in re.findall(r'from "\./([\w.]+)"', text):
        assert (STATIC / "js" / name).is_file()


def test_markup_has_no_inline_script_or_style():
    text = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|https?://|<script(?![^>]*src=)", text)


def _words(language):
    found = [
        pair
        for path in sorted((STATIC / "js").glob(f"words*_{language}.js"))
        for pair in re.findall(r'^  (\w+): "(.*)",$', path.read_text(), re.MULTILINE)
    ]
    assert len({key for key, _ in found}) == len(found)
    return dict(found)


def test_both_languages_have_all_words_and_values():
    korean, english = _words("ko"), _words("en")
    assert set(korean) == set(english)
    for key, text in korean.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), (
            key
        )
    assert all(
        re.search("[가-힣]", text)
        for key, text in korean.items()
        if text != english[key] and key != "language"
    )


def test_every_word_is_said_somewhere():
    """By its name, or by one that is put together: `presetExact`, `temperatureHint`, `inputOf`."""
    others = [path for path in PATHS if "/words_" not in path]
    said = "\n".join((STATIC / path).read_text() for path in others)
    parts = ("Hint", "Of", "preset", "theme", "Default", "part_", "Korean", "English")
    lost = [
        key for key in _words("ko") if key not in said and not any(part in key for part in parts)
    ]
    assert lost == []
