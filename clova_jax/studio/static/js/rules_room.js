// The room of the rules: the five articles, a form for reports of misuse, and the reports that came.
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { Field, row, textInput } from "./fields.js";
import { isName } from "./names.js";
import { timeOf } from "./room_parts.js";
import { turns } from "./turns.js";
import { say, unsay } from "./words.js";

const ARTICLES = { ruleHuman: "ruleHumanText", ruleDiversity: "ruleDiversityText", ruleExplain: "ruleExplainText", ruleSafety: "ruleSafetyText", rulePrivacy: "rulePrivacyText" };

export class RulesRoom {
  constructor(place, { api, notices }) {
    Object.assign(this, { place, api, notices, begin: turns(place) });
    const article = ([title, text]) => h("li", {}, h("h3", { word: title }), h("p", { word: text }));
    this.text = new Field(textInput({ rows: 4, id: "misuse-text", maxlength: 5000 }), { word: "misuseText", hint: "misuseTextHint" });
    this.app = new Field(textInput({ id: "misuse-app", maxlength: 100, spellcheck: "false" }), { word: "misuseApp" });
    this.request = new Field(textInput({ id: "misuse-request", maxlength: 32, spellcheck: "false" }), { word: "misuseRequest", hint: "misuseRequestHint" });
    this.send = h("button", { type: "submit", class: "main", id: "misuse-send", word: "misuseSend" });
    this.state = h("p", { class: "hint", id: "misuse-state", role: "status" });
    this.received = h("div", { id: "misuse-received" });
    const form = h("form", { class: "card misuse", novalidate: true }, h("h2", { word: "misuseTitle" }), h("p", { class: "intro", word: "misuseIntro" }),
      this.text.element, this.app.element, this.request.element, row(this.send, this.state));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.report();
    });
    place.replaceChildren(h("h2", { word: "rulesTitle" }), h("p", { class: "intro", word: "rulesIntro" }),
      h("div", { class: "rules-grid" }, h("ol", { class: "articles" }, ...Object.entries(ARTICLES).map(article)), h("div", {}, form, this.received)));
    document.addEventListener("studio-language", () => !place.hidden && this.read());
  }

  // `path` may begin with the id of a request to report.
  async show([id = ""] = []) {
    unsay(this.state);
    if (id) {
      this.request.input.value = id;
      this.text.input.focus();
    }
    await this.read();
  }

  async read() {
    const late = this.begin();
    let reports = null;
    try {
      reports = (await this.api.get("/v1/misuse")).data;
    } catch {
      // said below
    }
    if (late()) return;
    if (!reports) return this.received.replaceChildren(); // the rules are for those without a key too
    const about = ({ app, request_id: request }) => [app, request].filter(Boolean).join(" · ");
    const item = (one) => h("li", { class: "card" }, h("p", { class: "hint" }, timeOf(one.when), " ", h("code", {}, about(one))), h("p", { class: "model-text" }, one.text));
    const list = reports.length ? h("ul", { class: "runs" }, ...reports.map(item)) : h("p", { class: "intro", word: "misuseReceivedNone" });
    this.received.replaceChildren(h("h2", { word: "misuseReceived" }), list);
  }

  async report() {
    if (this.send.disabled) return;
    const [text, app, request] = [this.text, this.app, this.request].map((field) => field.value.trim());
    if (!text) return this.text.fail("misuseEmpty");
    if (app && !isName(app)) return this.app.fail("misuseBadApp");
    if (request && !/^[0-9a-f]{32}$/.test(request)) return this.request.fail("misuseBadRequest");
    this.send.disabled = true;
    unsay(this.state);
    try {
      await this.api.post("/v1/misuse", { text, ...(app ? { app } : {}), ...(request ? { request_id: request } : {}) });
      for (const field of [this.text, this.app, this.request]) field.input.value = "";
      say(this.state, "misuseSent");
      await this.read();
    } catch (error) {
      const words = error.status === 404 ? ["misuseUnknown", {}] : wordsOf(error);
      if (error.status === 401) this.notices.fail(error);
      else if (words) (request ? this.request : this.app).fail(...words);
    } finally {
      this.send.disabled = false;
    }
  }
}
