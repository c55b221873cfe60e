// What a shared link leads to: an app to read, and to copy.
import { textIn } from "./app_content.js";
import { askDialog } from "./ask_dialog.js";
import { h } from "./dom.js";
import { button, row } from "./fields.js";
import { NameField, isTaken } from "./names.js";
import { failure } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { turns } from "./turns.js";
import { currentLanguage } from "./words.js";

export class SharedRoom {
  constructor(place, { api, go }) {
    Object.assign(this, { place, api, go, begin: turns(place) });
  }

  async show([token = ""]) {
    const late = this.begin();
    try {
      const { name, content } = await this.api.get(`/v1/shared/${encodeURIComponent(token)}`);
      if (!late()) this.draw(token, name, content);
    } catch (error) {
      if (!late()) failure(this.place, error, { back: addressOf("apps"), again: () => this.show([token]) });
    }
  }

  draw(token, name, content) {
    const language = currentLanguage();
    const fork = () => {
      const field = new NameField(`${name}-2`, "appName");
      const submit = async () => {
        const chosen = field.check();
        if (!chosen) return false;
        await this.api.post(`/v1/shared/${encodeURIComponent(token)}/fork`, { name: chosen });
        this.go("apps", chosen);
        return true;
      };
      askDialog({ title: "forkTitle", fields: [field], action: "forkDo", submit, place: (error) => (isTaken(error) ? field : null) });
    };
    const names = content.variables.map((one) => one.label || one.name).join(", ");
    this.place.replaceChildren(h("p", { class: "hint", word: "sharedIntro" }), h("h2", {}, textIn(content.title, language) || name),
      h("p", { class: "intro" }, textIn(content.about, language)), row(button("fork", fork, { class: "main", id: "shared-fork" })),
      h("section", { class: "card shared" }, h("h3", { word: "template" }), h("pre", { tabindex: 0, id: "shared-template" }, content.template),
        names ? h("p", { class: "hint", word: "variablesShort", values: { names } }) : null));
  }
}
