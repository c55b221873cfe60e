// Puts an app into service with one click, and says where it is: phone page, API, webhook, link, file.
import { askDialog } from "./ask_dialog.js";
import { h } from "./dom.js";
import { Field, button, check, choice, numberInput, row } from "./fields.js";
import { NameField, apiOf, freeName, isTaken } from "./names.js";
import { copied, download } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { appCurl, webhookCurl } from "./snippets.js";
import { word } from "./words.js";

const USUAL = { requests_per_minute: 60, tokens_per_minute: 20_000 };

export class AppDeploy {
  constructor(place, { api, notices, go, drafts, app, version, late, again }) {
    Object.assign(this, { api, notices, go, drafts, app, version, late, again });
    place.append(h("div", { class: "deploy-grid" }, this.service(), this.addresses(), this.link(), this.file()));
  }

  get deployed() {
    return this.app.labels.service;
  }

  service() {
    const { app, deployed } = this;
    const numbers = app.versions.map((one) => one.number).sort((one, other) => other - one);
    const pick = choice({ value: String(numbers[0]), choices: numbers.map((n) => [String(n), { word: "versionOf", values: { n } }]), id: "deploy-version" });
    this.open = check({ word: "deployPublic", checked: deployed === null || app.public, id: "deploy-public" });
    const limits = app.limits;
    const number = (name, key) => new Field(numberInput({ value: limits[name] ?? USUAL[name], least: 1, most: 1_000_000, id: `deploy-${name}` }), { word: key, line: true });
    this.limits = { requests_per_minute: number("requests_per_minute", "limitRequests"), tokens_per_minute: number("tokens_per_minute", "limitTokens") };
    const go = button("deploy", () => this.deploy(Number(pick.value)), { class: "main", id: "deploy" });
    const off = deployed === null ? null : button("deployOff", () => this.label(null, "deployedOff"), { class: "quiet", id: "deploy-off" });
    const state = h("p", { id: "deploy-state", class: deployed === null ? "hint" : "deploy-on", word: deployed === null ? "deployNone" : "deployOn", values: { n: deployed } });
    const more = h("details", { class: "more" }, h("summary", { word: "limitsTitle" }), ...Object.values(this.limits).map((one) => one.element), h("p", { class: "hint", word: "limitsHint" }));
    return h("section", { class: "card" }, h("h3", { word: "deployTitle" }), state, new Field(pick, { word: "deployVersion", line: true }).element,
      this.open, h("p", { class: "hint", word: "deployPublicHint" }), more, row(go, off));
  }

  access(changes = {}) {
    const read = ([name, field]) => [name, Number(field.value)];
    const wrong = Object.values(this.limits).find((field) => !(Number.isInteger(Number(field.value)) && Number(field.value) >= 1));
    if (wrong) {
      wrong.fail("numberWrong", { least: 1, most: "1,000,000" });
      return null;
    }
    const limits = Object.fromEntries(Object.entries(this.limits).map(read));
    return { public: this.open.querySelector("input").checked, ...limits, shared: this.app.share !== null, ...changes };
  }

  async deploy(number) {
    const access = this.access();
    if (!access) return;
    await this.work(async () => {
      await this.api.put(apiOf(this.app.name, "access"), access);
      if (number !== this.deployed) await this.api.put(apiOf(this.app.name, "labels", "service"), { version: number, was: this.deployed });
    }, "deployed", { n: number });
  }

  async label(version, said) {
    await this.work(() => this.api.put(apiOf(this.app.name, "labels", "service"), { version, was: this.deployed }), said);
  }

  // Does something, reads the app anew, says what was done.
  async work(what, said, values = {}) {
    try {
      await what();
      await this.again();
      this.notices.show(said, values);
    } catch (error) {
      if (error.status === 409) {
        await this.again();
        this.notices.put("fault", "labelMoved", {});
      } else this.notices.fail(error);
    }
  }

  addresses() {
    const { app, notices } = this;
    const { origin } = window.location;
    if (this.deployed === null) return h("section", { class: "card faint" }, h("h3", { word: "addressTitle" }), h("p", { class: "hint", word: "addressNone" }));
    const phone = `${origin}/a/${encodeURIComponent(app.name)}`;
    const keyed = this.api.key !== "";
    const names = this.version.content.variables.map((one) => one.name);
    const code = (key, text, id) => h("details", {}, h("summary", { word: key }), copied(text, notices, { id }));
    return h("section", { class: "card" }, h("h3", { word: "addressTitle" }),
      h("p", { class: "hint", word: app.public ? "addressPhone" : "addressClosed" }), app.public ? copied(phone, notices, { id: "phone-link", link: true }) : null,
      code("addressApi", appCurl(origin, app.name, names, keyed), "api-code"), code("addressWebhook", webhookCurl(origin, app.name, names, keyed), "webhook-code"));
  }

  link() {
    const { app, notices } = this;
    const shared = app.share !== null;
    const toggle = button(shared ? "shareOff" : "shareOn", () => {
      const access = this.access({ shared: !shared, public: app.public });
      if (access) this.work(() => this.api.put(apiOf(app.name, "access"), access), shared ? "shareOffDone" : "shareOnDone");
    }, { id: "share" });
    const address = shared ? copied(`${window.location.origin}/${addressOf("shared", app.share)}`, notices, { id: "share-link", link: true }) : null;
    return h("section", { class: "card" }, h("h3", { word: "shareTitle" }), h("p", { class: "hint", word: "shareHint" }), address, row(toggle));
  }

  file() {
    const save = async () => {
      try {
        const answer = await this.api.open(apiOf(this.app.name, "export"));
        download(await answer.blob(), `${this.app.name}.json`);
      } catch (error) {
        this.notices.fail(error);
      }
    };
    const out = button("appDelete", () => this.remove(), { class: "quiet danger", id: "app-delete" });
    return h("section", { class: "card" }, h("h3", { word: "fileTitle" }), h("p", { class: "hint", word: "fileHint" }),
      row(button("fork", () => this.fork(), { id: "fork" }), button("export", save, { id: "export" }), h("span", { class: "space" }), out));
  }

  fork() {
    const name = new NameField(freeName(`${this.app.name}-2`, [this.app.name]), "appName");
    const submit = async () => {
      const chosen = name.check();
      if (!chosen) return false;
      await this.api.post(apiOf(this.app.name, "fork"), { name: chosen });
      this.go("apps", chosen);
      return true;
    };
    askDialog({ title: "forkTitle", fields: [name], action: "forkDo", submit, place: (error) => (isTaken(error) ? name : null) });
  }

  async remove() {
    if (!window.confirm(word("appDeleteSure", { name: this.app.name }))) return;
    try {
      await this.api.remove(apiOf(this.app.name));
      this.drafts.remove(this.app.name);
      if (!this.late()) this.go("apps");
      this.notices.show("appDeleted", { name: this.app.name });
    } catch (error) {
      this.notices.fail(error);
    }
  }
}
