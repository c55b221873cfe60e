"""Converts HTML to text that keeps a document's form, and to the blocks that the core-region model judges.

Headings become `# …`, list items `- …` or `1. …`, table rows `a | b`, preformatted text stays as
it is; scripts, styles, forms and hidden elements go. resiliparse parses.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_SKIP = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "button",
    "select",
    "input",
    "textarea",
    "canvas",
    "head",
    "option",
}
_BLOCK = {
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "aside",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "form",
    "hr",
    "body",
    "center",
    "address",
    "details",
    "summary",
}
_BLANKS = re.compile(r"\s+")
_MOST_ATTRIBUTES = 500  # of one tag: the parser compares each with all before it
_LONGEST_HINT = 200  # characters of an element's class, id and role
_DEEPEST_INDENT = 4  # of lists in lists: what is deeper, normalization takes for centred text
_ATTRIBUTE = r"""(?>[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>]*+))?+)"""
_CROWDED = re.compile(rf"<([A-Za-z][^\s/>]*+){_ATTRIBUTE}{{{_MOST_ATTRIBUTES + 1}}}{_ATTRIBUTE}*+")


@dataclass(slots=True)
class HtmlBlock:
    """Holds a paragraph, heading, list item or table row.

    Args:
        text: as it will stand in the document, with its mark (`# `, `- `).
        tag: the element it comes from.
        hints: classes, ids and names of the elements around it, in lower case.
        linked: characters inside links.
        depth: elements above it.
    """

    text: str
    tag: str
    hints: str
    linked: int
    depth: int
    place: float = 0.0  # 0 first block of the page, 1 last


@dataclass(slots=True)
class _Open:
    """The block that text is being collected for."""

    tag: str
    hints: str
    depth: int
    mark: str = ""
    parts: list[str] = field(default_factory=list)
    linked: int = 0


def html_tree(html: str, counts: Counter | None = None) -> Any:
    """Parses the page to resiliparse's tree, in linear time.

    A tag of more than 500 attributes loses them: none that a person wrote has so many.

    Args:
        html: the page.
        counts: added to: tags that lost their attributes.
    """
    from resiliparse.parse.html import HTMLTree

    if len(html) > 2 * _MOST_ATTRIBUTES:
        html, cut = _CROWDED.subn(r"<\1", html)
        if cut and counts is not None:
            counts["tags without their attributes"] += cut
    return HTMLTree.parse(html)


def html_blocks(html: str | Any) -> list[HtmlBlock]:
    """Lists the visible blocks of a page, or of its tree, in order."""
    tree = html_tree(html) if isinstance(html, str) else html
    blocks: list[HtmlBlock] = []
    if tree.body is not None:
        _walk(tree.body, blocks)
    for number, block in enumerate(blocks):
        block.place = number / max(len(blocks) - 1, 1)
    return blocks


def html_title(html: str | Any) -> str:
    """Returns the title of a page, or of its tree, or an empty text."""
    tree = html_tree(html) if isinstance(html, str) else html
    return _BLANKS.sub(" ", tree.title or "").strip()


def blocks_text(blocks: list[HtmlBlock]) -> str:
    """Joins the text of some blocks: a line each, an empty line around paragraphs and headings."""
    parts: list[str] = []
    for number, block in enumerate(blocks):
        if number:
            tight = block.tag in ("li", "tr") and blocks[number - 1].tag == block.tag
            parts.append("\n" if tight else "\n\n")
        parts.append(block.text)
    return "".join(parts)


def html_text(html: str | Any) -> str:
    """Returns the text of a complete page (or of its tree), boilerplate included, in its form."""
    return blocks_text(html_blocks(html))


def _walk(body, blocks: list[HtmlBlock]) -> None:
    """Depth first without recursion: pages nest thousands of elements deep when they are broken.

    From a node to the next beside it: resiliparse makes the list of an element's children anew at each look.
    """
    current = _Open("body", "", 0)
    stack: list[tuple[str, object]] = [("enter", body)]
    above: list[tuple[str, str, str]] = []  # tag, hints, list mark
    numbers: list[int] = []
    links = 0

    def close(tag: str = "", mark: str = "") -> None:
        nonlocal current
        raw = "".join(current.parts)
        if current.tag == "pre":
            text = raw.strip("\n").rstrip()
        else:
            text = "\n".join(
                line
                for line in (_BLANKS.sub(" ", line).strip() for line in raw.split("\x00"))
                if line
            )
        if text.strip(" |"):
            blocks.append(
                HtmlBlock(
                    current.mark + text, current.tag, current.hints, current.linked, current.depth
                )
            )
        hints = " ".join(hint for _, hint, _ in above[-6:] if hint)
        current = _Open(tag or (above[-1][0] if above else "body"), hints, len(above), mark)

    while stack:
        what, node = stack.pop()
        if what == "enter" and node is not body and (beside := node.next) is not None:
            stack.append(("enter", beside))
        tag = (node.tag or "").lower()
        if what == "leave":
            if tag == "a":
                links -= 1
            elif tag in ("td", "th"):
                current.parts.append(" | ")
            elif tag in _BLOCK:
                if tag == "tr":
                    current.parts = ["".join(current.parts).rstrip(" |")]
                above.pop()
                if tag in ("ul", "ol"):
                    numbers.pop()
                close()
            continue
        if tag == "#text":
            text = node.text
            if text:
                current.parts.append(text.replace("\x00", ""))
                current.linked += len(text.strip()) if links else 0
            continue
        if tag in _SKIP or tag.startswith("#") or tag.startswith("!") or _hidden(node):
            continue
        if tag == "br":
            current.parts.append("\n" if current.tag == "pre" else "\x00")
            continue
        if tag == "a":
            links += 1
        elif tag in _BLOCK and not (
            above and any(t == "tr" for t, _, _ in above[-4:]) and tag in ("p", "div")
        ):
            names = (node.getattr(name) or "" for name in ("class", "id", "role"))
            hints = " ".join((tag, *(name[:_LONGEST_HINT] for name in names)))
            above.append((tag, hints.lower(), ""))
            mark = ""
            if tag in ("ul", "ol"):
                numbers.append(0 if tag == "ol" else -1)
            elif tag == "li":
                if numbers and numbers[-1] >= 0:
                    numbers[-1] += 1
                    mark = f"{numbers[-1]}. "
                else:
                    mark = "- "
                mark = "  " * min(max(len(numbers) - 1, 0), _DEEPEST_INDENT) + mark
            elif tag[0] == "h" and tag[1:].isdigit():
                mark = "#" * int(tag[1]) + " "
            close(tag, mark)
        elif tag in _BLOCK:  # a paragraph in a table's cell is part of the row
            current.parts.append(" ")
            if (child := node.first_child) is not None:
                stack.append(("enter", child))
            continue
        stack.append(("leave", node))
        if (child := node.first_child) is not None:
            stack.append(("enter", child))
    close()


def _hidden(node) -> bool:
    style = (node.getattr("style") or "").replace(" ", "").lower()
    return (
        "display:none" in style
        or node.getattr("hidden") is not None
        or node.getattr("aria-hidden") == "true"
    )
