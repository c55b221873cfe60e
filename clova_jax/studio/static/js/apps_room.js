// The room of the apps: the list, and one app with its views.
import { emptyContent, textIn } from "./app_content.js";
import { AppPage } from "./app_page.js";
import { askDialog } from "./ask_dialog.js";
import { h } from "./dom.js";
import { button, row } from "./fields.js";
import { NameField, freeName, isTaken, nameOf } from "./names.js";
import { badgesOf, failure } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { turns } from "./turns.js";
import { currentLanguage, word } from "./words.js";

export class AppsRoom {
  constructor(place, { api, notices, go, drafts }) {
    Object.assign(this, { place, api, notices, go, drafts, begin: turns(place), path: [] });
    document.addEventListener("studio-language", () => {
      if (!place.hidden && !this.path.length) this.show(this.path);
    });
  }

  async show(path) {
    this.path = path;
    const late = this.begin();
    try {
      if (path.length) await this.showApp(late, ...path);
      else await this.showList(late);
    } catch (error) {
      if (late()) return;
      failure(this.place, error, { back: path.length ? addressOf("apps") : null, again: () => this.show(path) });
      if (error.status === 401) this.notices.fail(error);
    }
  }

  async showApp(late, name, view, number) {
    const { place, api, notices, go, drafts } = this;
    const again = async () => {
      if (!late()) await this.show(this.path);
    };
    const settle = () => {
      this.path = [name];
      window.history.replaceState(null, "", addressOf("apps", name));
    };
    await new AppPage(place, { api, notices, go, drafts, late, again, settle }).show(name, view, number);
  }

  async showList(late) {
    const [apps, samples] = await Promise.all([this.api.get("/v1/apps"), this.api.get("/v1/app_samples")]);
    if (late()) return;
    this.apps = apps.data;
    const tools = row(button("appNew", () => this.create(emptyContent(), "appDefaultName"), { class: this.apps.length ? "main" : "" }), this.importer());
    const head = h("div", { class: "room-head" }, h("h2", { word: "appsTitle" }), tools);
    const list = this.apps.length
      ? h("ul", { class: "cards", id: "app-list" }, ...this.apps.map((app) => cardOf(app)))
      : h("div", { class: "empty", id: "apps-empty" }, h("h3", { word: "appsEmpty" }), h("p", { word: "appsEmptyHint" }));
    const begin = h("section", { class: "begin" }, h("h3", { word: this.apps.length ? "samplesMore" : "samplesBegin" }),
      h("ul", { class: "cards", id: "app-samples" }, ...samplesOf(samples).map((one) => this.sample(one))));
    this.place.replaceChildren(head, h("p", { class: "intro", word: "appsIntro" }), list, begin);
  }

  sample({ name, content }) {
    const language = currentLanguage();
    const title = textIn(content.title, language) || name;
    const on = { click: () => this.create(content, null, nameOf(title, name)) };
    const texts = [h("span", { class: "sample-title" }, title), h("span", { class: "sample-text" }, textIn(content.about, language))];
    return h("li", {}, h("button", { type: "button", class: "sample", on }, ...texts, h("span", { class: "sample-go", word: "sampleUse" })));
  }

  create(content, key, base = word(key)) {
    const name = new NameField(freeName(base, this.apps.map((app) => app.name)), "appName");
    const submit = async () => {
      const chosen = name.check();
      if (!chosen) return false;
      await this.api.post("/v1/apps", { name: chosen, content });
      this.go("apps", chosen);
      return true;
    };
    askDialog({ title: "appNewTitle", fields: [name], action: "appCreate", submit, place: (error) => (isTaken(error) ? name : null) });
  }

  importer() {
    const input = h("input", { type: "file", accept: ".json,application/json", id: "import-file", class: "hidden-file", label: "appImport" });
    input.addEventListener("change", () => {
      if (input.files[0]) this.import(input.files[0]);
      input.value = "";
    });
    return h("label", { class: "button", for: input.id }, input, h("span", { word: "appImport" }));
  }

  async import(file) {
    let read = null;
    try {
      read = JSON.parse(await file.text());
    } catch {
      // said below
    }
    if (read?.clova_studio_app !== 1) return this.notices.put("fault", "importWrong", { name: file.name });
    const name = new NameField(freeName(nameOf(String(read.name), word("appDefaultName")), this.apps.map((app) => app.name)), "appName");
    const submit = async () => {
      const chosen = name.check();
      if (!chosen) return false;
      await this.api.post("/v1/apps/import", { ...read, name: chosen });
      this.go("apps", chosen);
      return true;
    };
    askDialog({ title: "importTitle", fields: [name], action: "importDo", submit, place: (error) => (isTaken(error) ? name : null) });
  }
}

// The built-in apps, as the server lists them.
function samplesOf(answer) {
  return answer.data ?? answer;
}

function cardOf(app) {
  const title = textIn(app.title, currentLanguage()) || app.name;
  const link = h("a", { class: "card-link", href: addressOf("apps", app.name) }, title);
  const state = h("p", { class: "badges" }, ...badgesOf(app));
  return h("li", {}, h("article", { class: "card app-card" }, h("h3", {}, link), h("p", { class: "hint mono" }, app.name), state));
}
