"""Finds the media of a web page: `img`, `audio` and `video`, with alt text, captions and tracks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clova_jax.corpus.clean.linear_model import DenseModel
from clova_jax.corpus.media.medium import Medium
from clova_jax.corpus.read.core_region import core_blocks, core_model
from clova_jax.corpus.read.html import HtmlBlock, blocks_text, html_blocks

_FIGURE = 6  # elements above a medium among which its figure is looked for
_TRACKS = ("", "subtitles", "captions", "descriptions")
# Around the number of a medium while its page is read: characters of no script.
_BEGIN, _END = "\ue000", "\ue001"
_MOST_DIGITS = 6


def page_media(
    tree: Any, has: Callable[[str], bool], core: bool = True
) -> tuple[str, list[Medium]]:
    """Returns the text of a page without markers, and its media with their places in it.

    Args:
        tree: of `html_tree`.
        has: checks whether a file is there: of several that an element names, the first that is counts.
        core: keep the core region alone; an image, a sound or a video is in it where a block beside it is.
    """
    found: list[Medium] = []

    def note(node: Any) -> str:
        medium = _medium(node, has)
        if medium is None:
            return ""
        found.append(medium)
        return f"{_BEGIN}{len(found)}{_END}"

    blocks = html_blocks(tree, note)
    if core:
        blocks = _core(blocks, core_model())
    return _without(blocks_text(blocks), found)


def _without(text: str, found: list[Medium]) -> tuple[str, list[Medium]]:
    """Takes the numbers out of a text; returns the media that it had, in order."""
    first, *rest = text.split(_BEGIN)
    parts, media, length = [first], [], len(first)
    for piece in rest:
        number, _, after = piece.partition(_END)
        ours = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
        if ours and 0 < int(number) <= len(found):
            media.append(replace(found[int(number) - 1], at=length))
        else:  # of the page itself, in a font of its own
            after = piece
        parts.append(after)
        length += len(after)
    return "".join(parts), media


def _core(blocks: list[HtmlBlock], model: DenseModel) -> list[HtmlBlock]:
    """Chooses the blocks of the core region: those with words by the model, those without by their neighbours."""
    plain = [replace(block, text=_words(block.text)) for block in blocks]
    judged = [block for block in plain if block.text.strip(" #-|0123456789.")]
    core = {id(block) for block in core_blocks(judged, model)}
    worded = {id(block) for block in judged}
    kept, waiting, before = [], [], False
    for block, words in zip(blocks, plain, strict=True):
        if id(words) not in worded:
            waiting.append(block)
            continue
        here = id(words) in core
        if before or here:
            kept += waiting
        if here:
            kept.append(block)
        waiting, before = [], here
    return kept + (waiting if before else [])


def _words(text: str) -> str:
    first, *rest = text.split(_BEGIN)
    return first + "".join(piece.partition(_END)[2] for piece in rest)


def _medium(node: Any, has: Callable[[str], bool]) -> Medium | None:
    """Returns the medium of an element; None where it names no file, and for pictures that only count visits."""
    tag = node.tag.lower()
    if tag == "img":
        if {_attribute(node, "width"), _attribute(node, "height")} & {"0", "1", "0px", "1px"}:
            return None
        paths = [_file(node, name) for name in ("data-src", "data-original", "src")]
        alt, tracks = _attribute(node, "alt"), []
    else:
        paths = [_file(source, "src") for source in (node, *_below(node, "source"))]
        alt = _attribute(node, "aria-label") or _attribute(node, "title")
        tracks = [t for t in _below(node, "track") if _attribute(t, "kind").lower() in _TRACKS]
        tracks.sort(key=lambda track: not _attribute(track, "srclang").lower().startswith("ko"))
    path = _first(paths, has)
    track = _first([_file(track, "src") for track in tracks], has)
    kind = "image" if tag == "img" else tag
    return Medium(kind, path, alt=alt, caption=_caption(node), track=track) if path else None


def _first(paths: list[str], has: Callable[[str], bool]) -> str:
    """Returns the first path whose file is there, or else the first."""
    paths = [path for path in paths if path]
    return next(filter(has, paths), paths[0] if paths else "")


def _below(node: Any, tag: str) -> list[Any]:
    return list(node.query_selector_all(tag) or ())


def _attribute(node: Any, name: str) -> str:
    return " ".join((node.getattr(name) or "").split())


def _file(node: Any, name: str) -> str:
    """Returns the path that an attribute names; "" for data that stand in the page itself."""
    path = _attribute(node, name)
    return "" if path.lower().startswith(("data:", "blob:", "javascript:", "about:")) else path


def _caption(node: Any) -> str:
    above = node.parent
    for _ in range(_FIGURE):
        if above is None or (above.tag or "").lower() == "figure":
            break
        above = above.parent
    if above is None or (above.tag or "").lower() != "figure":
        return ""
    caption = above.query_selector("figcaption")
    return " ".join((caption.text or "").split()) if caption is not None else ""
