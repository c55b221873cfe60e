"""Makes text of HTML pages, question threads and dialogues."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax.corpus.clean.step import Dropped, Step, with_text
from clova_jax.corpus.documents import Document
from clova_jax.corpus.read.core_region import core_model, core_text
from clova_jax.corpus.read.dialogue import dialogue_text, form_of, number_speakers
from clova_jax.corpus.read.html import html_text, html_title, html_tree
from clova_jax.corpus.read.kin import kin_text


@dataclass(frozen=True)
class ExtractSettings:
    """Sets what of a web page is kept."""

    core: bool = True
    """cut web pages to their core region"""
    core_model: Path | None = None
    """a trained core-region model (clova corpus-model)"""


class Extract(Step):
    """Makes text of an HTML page, a question thread or a dialogue; other documents are not changed."""

    name = "extract"
    Settings = ExtractSettings

    def one(self, document: Document) -> Document | Dropped:
        """Chooses by the metadata: `format`, `answers`, `utterances`, `dialogue`."""
        meta = document.meta
        if meta.get("format") == "html":
            return self._page(document)
        if isinstance(meta.get("answers"), list):
            return self._thread(document)
        if isinstance(meta.get("utterances"), list):
            return self._dialogue(document)
        if meta.get("dialogue") is True:
            return with_text(document, number_speakers(document.text))
        return document

    def _page(self, document: Document) -> Document | Dropped:
        meta = document.meta
        tree = html_tree(document.text, self.changes)
        title = html_title(tree)
        if self.settings.core and not meta.get("whole"):
            text = core_text(tree, core_model(self.settings.core_model))
        else:
            text = html_text(tree)
        self.changes["html"] += 1
        meta = meta | {"format": "text"}
        if title:
            meta.setdefault("title", title)
        if not text:
            return Dropped("no_core_region", title)
        return Document(text, document.id, document.source, meta)

    def _thread(self, document: Document) -> Document | Dropped:
        meta = document.meta
        thread = kin_text(document.text, meta["answers"], meta.get("details"))
        if thread is None:
            return Dropped("no_trusted_answer", f"{len(meta['answers'])} answers")
        self.changes["question"] += 1
        rest = {key: value for key, value in meta.items() if key not in ("answers", "details")}
        return Document(thread, document.id, document.source, rest)

    def _dialogue(self, document: Document) -> Document:
        utterances = document.meta["utterances"]
        self.changes["dialogue"] += 1
        unusable = sum(not form_of(utterance) for utterance in utterances)
        if unusable:
            self.changes["utterances without text"] += unusable
        rest = {key: value for key, value in document.meta.items() if key != "utterances"}
        return Document(dialogue_text(utterances), document.id, document.source, rest)
