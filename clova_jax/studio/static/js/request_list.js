// The list of requests: each opens with what was kept of it, can be rated, and goes back to where it came from.
import { h } from "./dom.js";
import { button, row } from "./fields.js";
import { download, timeOf } from "./room_parts.js";
import { addressOf } from "./rooms.js";
import { turns } from "./turns.js";
import { FILTERS, FINISHES, count, secondsOf } from "./usage_figures.js";
import { word } from "./words.js";

const PAGE = 20;

export class RequestList {
  // `reopen(request)` brings its text and settings back; `app` returns the name of the app whose requests are listed.
  constructor({ api, notices, reopen, app }) {
    Object.assign(this, { api, notices, reopen, app, drawn: null, begin: turns() });
    this.items = h("ul", { class: "runs", id: "request-list" });
    this.more = button("requestsMore", () => this.next(), { id: "requests-more" });
    const pairs = button("requestsPairs", () => this.pairs(), { id: "requests-pairs" });
    this.element = h("section", { class: "requests" }, h("h2", { word: "requestsTitle" }), h("p", { class: "intro", word: "requestsIntro" }), row(pairs), this.items, this.more);
  }

  // Shows the newest; what has not changed stays, with what is open in it.
  async first() {
    const data = await this.read();
    if (!data || JSON.stringify(data) === this.drawn) return;
    this.drawn = JSON.stringify(data);
    this.items.replaceChildren();
    this.add(data);
  }

  async next() {
    try {
      const data = await this.read(this.last);
      if (data) this.add(data);
    } catch (error) {
      this.notices.fail(error);
    }
  }

  // Returns requests, the newest first; null where the list was asked for anew meanwhile.
  async read(before) {
    const late = this.begin();
    const query = { limit: PAGE, ...(this.app() ? { app: this.app() } : {}), ...(before ? { before } : {}) };
    this.more.disabled = true; // what follows depends on what is still to come
    try {
      const { data } = await this.api.get(`/v1/requests?${new URLSearchParams(query)}`);
      return late() ? null : data;
    } finally {
      if (!late()) this.more.disabled = false;
    }
  }

  add(data) {
    this.items.append(...data.map((one) => this.item(one)));
    this.last = data.at(-1)?.id ?? this.last;
    this.more.hidden = data.length < PAGE;
  }

  item(request) {
    const where = request.app ? `${request.app}@${request.version}` : request.model;
    const hits = Object.entries(FILTERS).filter(([kind]) => request.filters[kind] === 0).map(([, key]) => word(key));
    const about = [word("usageTokensOf", { prompt: count(request.prompt_tokens), completion: count(request.completion_tokens) }), secondsOf(request.seconds), word(FINISHES[request.finish]), ...hits];
    const rated = [request.up && `${word("requestUp")} ${request.up}`, request.down && `${word("requestDown")} ${request.down}`].filter(Boolean);
    const body = h("div", { class: "request-body" });
    const when = timeOf(request.when);
    const head = h("summary", { label: "requestOpen", labelValues: { when: when.textContent } }, when, h("code", {}, where), h("span", { class: "hint" }, [...about, ...rated].join(" · ")));
    const details = h("details", { class: "card request", "data-finish": request.finish }, head, body);
    details.addEventListener("toggle", () => details.open && !body.childElementCount && this.open(request.id, body));
    return h("li", {}, details);
  }

  async open(id, body) {
    try {
      const found = await this.api.get(`/v1/requests/${id}`);
      body.replaceChildren(...this.parts(found));
    } catch (error) {
      this.notices.fail(error);
    }
  }

  parts(request) {
    const given = Object.entries(request.variables ?? {});
    const variables = given.length ? h("dl", { class: "variables" }, ...given.flatMap(([name, text]) => [h("dt", {}, name), h("dd", { class: "model-text" }, text)])) : null;
    const part = (key, content) => (content ? h("div", {}, h("h3", { word: key }), content) : null);
    const text = (value) => (value ? h("p", { class: "model-text" }, value) : null);
    const kept = [part("requestVariables", variables), part("requestPrompt", text(request.prompt)), part("requestText", text(request.text))].filter(Boolean);
    const back = request.prompt || request.variables ? button(request.app ? "requestReopenApp" : "requestReopen", () => this.reopen(request), { class: "reopen" }) : null;
    const report = h("a", { class: "button quiet", href: addressOf("rules", request.id), word: "requestReport" });
    const id = h("p", { class: "hint" }, h("code", {}, request.id));
    return [...(kept.length ? kept : [h("p", { class: "hint", word: "requestNothing" })]), row(...[back, ...this.thumbs(request), report].filter(Boolean)), id];
  }

  thumbs(request) {
    const made = { 1: "requestUp", "-1": "requestDown" };
    const own = request.ratings.at(-1)?.value;
    const buttons = Object.entries(made).map(([value, key]) => button(key, () => rate(Number(value)), { "aria-pressed": String(Number(value) === own), "data-value": value }));
    const rate = async (value) => {
      try {
        await this.api.post(`/v1/requests/${request.id}/rating`, { value });
      } catch (error) {
        return void this.notices.fail(error);
      }
      for (const one of buttons) one.setAttribute("aria-pressed", String(Number(one.dataset.value) === value));
      this.notices.show("requestRated");
    };
    return buttons;
  }

  async pairs() {
    try {
      const query = this.app() ? `?${new URLSearchParams({ app: this.app() })}` : "";
      const found = await (await this.api.open(`/v1/preferences${query}`)).blob();
      if (found.size) download(found, "preferences.jsonl");
      else this.notices.show("requestsNoPairs");
    } catch (error) {
      this.notices.fail(error);
    }
  }
}
