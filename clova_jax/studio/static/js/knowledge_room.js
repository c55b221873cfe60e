// The room of the knowledge: collections, and the documents of one.
import { CollectionPage } from "./collection_page.js";
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { row } from "./fields.js";
import { NameField, isTaken } from "./names.js";
import { failure, timeOf } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { turns } from "./turns.js";

export class KnowledgeRoom {
  constructor(place, { api, notices, go }) {
    Object.assign(this, { place, api, notices, go, begin: turns(place) });
  }

  async show(path) {
    const { place, api, notices, go } = this;
    const late = this.begin();
    try {
      if (path.length) await new CollectionPage(place, { api, notices, go, name: path[0], late }).show();
      else await this.showList(late);
    } catch (error) {
      if (late()) return;
      failure(this.place, error, { back: path.length ? addressOf("knowledge") : null, again: () => this.show(path) });
      if (error.status === 401) this.notices.fail(error);
    }
  }

  async showList(late) {
    const { data } = await this.api.get("/v1/collections");
    if (late()) return;
    const list = data.length
      ? h("ul", { class: "cards", id: "collection-list" }, ...data.map(cardOf))
      : h("div", { class: "empty", id: "collections-empty" }, h("h3", { word: "collectionsEmpty" }), h("p", { word: "collectionsEmptyHint" }));
    this.place.replaceChildren(h("h2", { word: "knowledgeTitle" }), h("p", { class: "intro", word: "knowledgeIntro" }), this.form(), list);
  }

  form() {
    const name = new NameField("", "collectionName", "collection-name");
    const go = h("button", { type: "submit", class: "main", id: "collection-add", word: "collectionAdd" });
    const form = h("form", { class: "inline-form card", novalidate: true }, name.element, row(go));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const chosen = name.check();
      if (!chosen || go.disabled) return;
      go.disabled = true;
      try {
        await this.api.post("/v1/collections", { name: chosen });
        this.go("knowledge", chosen);
      } catch (error) {
        const words = wordsOf(error);
        if (isTaken(error) && words) name.fail(...words);
        else this.notices.fail(error);
      } finally {
        go.disabled = false;
      }
    });
    return form;
  }
}

function cardOf({ name, documents, passages, created }) {
  const link = h("a", { class: "card-link", href: addressOf("knowledge", name) }, name);
  const about = h("p", { class: "hint" }, h("span", { word: "collectionHolds", values: { documents, passages } }), " · ", timeOf(created));
  return h("li", {}, h("article", { class: "card app-card" }, h("h3", {}, link), about));
}
