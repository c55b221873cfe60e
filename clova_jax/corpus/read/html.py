"""Converts HTML to text that keeps a document's form, and to the blocks that the core-region model judges.

Headings become `# …`, list items `- …` or `1. …`, table rows `a | b`, preformatted text stays as
it is; scripts, styles, forms and hidden elements go. resiliparse parses.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MEDIA = ("img", "audio", "video")
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
_LINE = "\x00"  # a line break of the page, among the text that is collected
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
    """Holds the block that text is being collected for."""

    tag: str
    hints: str
    depth: int
    mark: str = ""
    parts: list[str] = field(default_factory=list)
    linked: int = 0

    def text(self) -> str:
        """Returns its text, without the white space that a browser does not show; empty where there is nothing else."""
        raw = "".join(self.parts)
        if self.tag == "pre":
            text = raw.strip("\n").rstrip()
        else:
            lines = (_BLANKS.sub(" ", line).strip() for line in raw.split(_LINE))
            text = "\n".join(line for line in lines if line)
        return text if text.strip(" |") else ""


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


def html_blocks(html: str | Any, medium: Callable[[Any], str] | None = None) -> list[HtmlBlock]:
    """Lists the visible blocks of a page, or of its tree, in order.

    Args:
        html: the page.
        medium: called with each element of an image, a sound or a video; returns what stands in the text in its place.
    """
    tree = html_tree(html) if isinstance(html, str) else html
    blocks = _Walk(medium)(tree.body) if tree.body is not None else []
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


class _Walk:
    """Goes through the elements of a page and collects its blocks.

    Depth first without recursion: pages nest thousands of elements deep when they are broken. From a node to the
    next beside it: resiliparse makes the list of an element's children anew at each look.
    """

    def __init__(self, medium: Callable[[Any], str] | None = None) -> None:
        self.blocks: list[HtmlBlock] = []
        self._medium = medium
        self._current = _Open("body", "", 0)
        self._above: list[tuple[str, str]] = []  # tags and hints of the open block elements
        self._numbers: list[
            int
        ] = []  # of the last item of each open list; -1 where items have none
        self._links = 0  # open ones

    def __call__(self, body: Any) -> list[HtmlBlock]:
        """Returns the blocks of an element."""
        stack: list[tuple[str, Any]] = [("enter", body)]
        while stack:
            what, node = stack.pop()
            tag = (node.tag or "").lower()
            if what == "leave":
                self._leave(tag)
                continue
            if node is not body and (beside := node.next) is not None:
                stack.append(("enter", beside))
            if tag == "#text":
                self._add_text(node.text or "")
            elif tag == "br":
                if not _hidden(node):
                    self._current.parts.append("\n" if self._current.tag == "pre" else _LINE)
            elif tag in MEDIA and self._medium is not None:
                if not _hidden(node):
                    self._current.parts.append(self._medium(node))
            elif not (tag in _SKIP or tag.startswith(("#", "!")) or _hidden(node)):
                if self._enter(tag, node):
                    stack.append(("leave", node))
                if (child := node.first_child) is not None:
                    stack.append(("enter", child))
        self._close()
        return self.blocks

    def _add_text(self, text: str) -> None:
        self._current.parts.append(text.replace(_LINE, ""))
        self._current.linked += len(text.strip()) if self._links else 0

    def _enter(self, tag: str, node: Any) -> bool:
        """Opens an element; returns False for one that nothing has to be done for at its end."""
        if tag == "a":
            self._links += 1
        elif tag in ("p", "div") and any(above == "tr" for above, _ in self._above[-4:]):
            self._current.parts.append(" ")  # a paragraph in a table's cell is part of the row
            return False
        elif tag in _BLOCK:
            names = (node.getattr(name) or "" for name in ("class", "id", "role"))
            hints = " ".join((tag, *(name[:_LONGEST_HINT] for name in names)))
            self._above.append((tag, hints.lower()))
            if tag in ("ul", "ol"):
                self._numbers.append(0 if tag == "ol" else -1)
            self._close(tag, self._mark(tag))
        return True

    def _mark(self, tag: str) -> str:
        """Returns what a block begins with: `# ` of a heading, `- ` or `1. ` of an item of a list."""
        if tag == "li":
            mark = "- "
            if self._numbers and self._numbers[-1] >= 0:
                self._numbers[-1] += 1
                mark = f"{self._numbers[-1]}. "
            return "  " * min(max(len(self._numbers) - 1, 0), _DEEPEST_INDENT) + mark
        if tag[0] == "h" and tag[1:].isdigit():
            return "#" * int(tag[1]) + " "
        return ""

    def _leave(self, tag: str) -> None:
        if tag == "a":
            self._links -= 1
        elif tag in ("td", "th"):
            self._current.parts.append(" | ")
        elif tag in _BLOCK:
            if tag == "tr":
                self._current.parts = ["".join(self._current.parts).rstrip(" |")]
            self._above.pop()
            if tag in ("ul", "ol"):
                self._numbers.pop()
            self._close()

    def _close(self, tag: str = "", mark: str = "") -> None:
        """Ends the block that text was collected for, and begins one of this tag, or of the element around."""
        block = self._current
        if text := block.text():
            self.blocks.append(
                HtmlBlock(block.mark + text, block.tag, block.hints, block.linked, block.depth)
            )
        hints = " ".join(hint for _, hint in self._above[-6:] if hint)
        tag = tag or (self._above[-1][0] if self._above else "body")
        self._current = _Open(tag, hints, len(self._above), mark)


def _hidden(node: Any) -> bool:
    style = (node.getattr("style") or "").replace(" ", "").lower()
    return (
        "display:none" in style
        or node.getattr("hidden") is not None
        or node.getattr("aria-hidden") == "true"
    )
