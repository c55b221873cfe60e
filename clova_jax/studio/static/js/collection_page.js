// One collection: documents come in by drop, file or folder, go out, and are searched.
import { h } from "./dom.js";
import { Field, button, row, textInput } from "./fields.js";
import { timeOf } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { turns } from "./turns.js";
import { Uploads, droppedFiles } from "./uploads.js";
import { say, unsay, word } from "./words.js";

export class CollectionPage {
  // `late` says whether the room shows something else by now.
  constructor(place, { api, notices, go, name, late }) {
    Object.assign(this, { place, api, notices, go, name, late, begin: turns() });
  }

  path(...rest) {
    return ["/v1/collections", encodeURIComponent(this.name), ...rest].join("/");
  }

  async show() {
    const { name } = this;
    const found = await this.api.get(this.path());
    if (this.late()) return;
    this.uploads = new Uploads({ api: this.api, path: (file) => `${this.path("documents")}?name=${encodeURIComponent(file)}`, done: () => this.again() });
    this.documents = h("div", {});
    const out = button("collectionDelete", () => this.remove(), { class: "quiet danger", id: "collection-delete" });
    this.place.replaceChildren(
      h("p", { class: "way" }, h("a", { href: addressOf("knowledge"), word: "knowledgeBack" })),
      h("div", { class: "room-head" }, h("h2", {}, name), row(out)),
      h("div", { class: "knowledge-grid" }, h("section", {}, this.dropZone(), this.uploads.element, this.documents), this.search()));
    this.draw(found.documents);
  }

  async again() {
    const late = this.begin();
    try {
      const { documents } = await this.api.get(this.path());
      if (!late()) this.draw(documents);
    } catch (error) {
      this.notices.fail(error);
    }
  }

  dropZone() {
    const picker = (id, key, folder) => {
      const input = h("input", { type: "file", multiple: true, id, class: "hidden-file", label: key, webkitdirectory: folder });
      input.addEventListener("change", () => {
        this.uploads.add([...input.files].map((file) => [file.webkitRelativePath || file.name, file]));
        input.value = "";
      });
      return h("label", { class: "button", for: id }, input, h("span", { word: key }));
    };
    const zone = h("div", { class: "drop", id: "drop" }, h("p", { class: "drop-title", word: "dropTitle" }), h("p", { class: "hint", word: "dropHint" }),
      row(picker("upload-files", "uploadFiles", false), picker("upload-folder", "uploadFolder", true)));
    const over = (on) => (event) => {
      event.preventDefault();
      zone.classList.toggle("over", on);
    };
    for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", async (event) => {
      over(false)(event);
      this.uploads.add(await droppedFiles(event.dataTransfer));
    });
    return zone;
  }

  draw(documents) {
    if (!documents.length) {
      this.documents.replaceChildren(h("p", { class: "intro", id: "documents-empty", word: "documentsEmpty" }));
      return;
    }
    const item = (one) => {
      const out = h("button", { type: "button", class: "quiet", label: "documentDelete", values: { name: one.name }, on: { click: () => this.drop(one.name) } }, "×");
      const about = h("span", { class: "hint" }, h("span", { word: "documentHolds", values: { n: one.passages, size: sizeOf(one.bytes) } }), " · ", timeOf(one.created));
      return h("li", {}, h("div", { class: "document" }, h("span", { class: "document-name" }, one.name), about), out);
    };
    this.documents.replaceChildren(h("h3", { class: "list-title", word: "documentsTitle", values: { n: documents.length } }), h("ul", { class: "documents", id: "document-list" }, ...documents.map(item)));
  }

  async drop(name) {
    if (!window.confirm(word("documentDeleteSure", { name }))) return;
    try {
      await this.api.remove(this.path("documents", encodeURIComponent(name)));
      await this.again();
      document.getElementById("upload-files")?.focus();
      this.notices.show("documentDeleted", { name });
    } catch (error) {
      this.notices.fail(error);
    }
  }

  async remove() {
    if (!window.confirm(word("collectionDeleteSure", { name: this.name }))) return;
    try {
      await this.api.remove(this.path());
      if (!this.late()) this.go("knowledge");
      this.notices.show("collectionDeleted", { name: this.name });
    } catch (error) {
      if (error.status === 409) this.notices.put("fault", "collectionUsed", { message: error.message });
      else this.notices.fail(error);
    }
  }

  search() {
    const query = new Field(textInput({ id: "search-query", type: "search", placeholder: "searchPlaceholder" }), { word: "searchTitle", hint: "searchHint" });
    const go = h("button", { type: "submit", id: "search-run", word: "searchRun" });
    const state = h("p", { class: "hint", id: "search-state", role: "status" });
    const list = h("ol", { class: "hits", id: "search-hits" });
    const begin = turns();
    const form = h("form", { novalidate: true, class: "search-form" }, query.element, row(go));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!query.value.trim()) return query.fail("searchEmpty");
      const late = begin();
      try {
        const { data } = await this.api.post(this.path("search"), { query: query.value, passages: 5 });
        if (late()) return;
        list.replaceChildren(...data.map(hitOf));
        if (data.length) unsay(state);
        else say(state, "searchNone");
      } catch (error) {
        this.notices.fail(error);
      }
    });
    return h("section", { class: "card search" }, form, state, list);
  }
}

function hitOf({ text, document: name, place, score }) {
  const head = h("p", { class: "hint" }, h("span", { class: "mono" }, name), place ? ` · ${place}` : "", ` · ${Number(score).toFixed(2)}`);
  return h("li", {}, head, h("p", { class: "passage" }, text));
}

export function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
