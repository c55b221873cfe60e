// Tries an app: its variables and its text in a form, what it writes, and where that comes from.
import { placesOf } from "./app_content.js";
import { h } from "./dom.js";
import { Field, button, row, textInput } from "./fields.js";
import { versionOf } from "./names.js";
import { written } from "./stream.js";
import { say, unsay } from "./words.js";

export class AppTry {
  // `before` is a request that is asked again, or null; `content` returns what is in the form; `version` saves it and returns its number, or null.
  constructor({ api, notices, app, before, content, version }) {
    Object.assign(this, { api, notices, app, content, version, abort: null, values: {} });
    this.variables = h("div", { class: "fields" });
    this.input = new Field(textInput({ rows: 3, id: "try-input", placeholder: "tryInputPlaceholder" }), { word: "tryInput" });
    if (before) Object.assign(this.values, before.variables);
    this.input.input.value = before?.variables?.input ?? "";
    this.go = button("tryRun", () => this.run(), { class: "main", id: "try-run" });
    this.stop = button("stop", () => this.abort?.abort(), { id: "try-stop", hidden: true });
    this.hint = h("p", { class: "hint" });
    this.text = h("p", { class: "model-text", id: "try-text", "aria-live": "polite" });
    this.state = h("p", { class: "hint", id: "try-state", role: "status" });
    this.sources = h("div", { class: "sources" });
    this.thumbs = new Thumbs((value) => api.post(`/v1/requests/${encodeURIComponent(this.request)}/rating`, { value }), notices);
    this.box = h("div", { class: "answer", hidden: true }, h("h3", { word: "answer" }), this.text, this.state, this.thumbs.element, this.sources);
    this.element = h("aside", { class: "try card", "aria-labelledby": "try-title" }, h("h3", { id: "try-title", word: "tryTitle" }), this.variables, this.input.element, row(this.go, this.stop), this.hint, this.box);
  }

  setUnsaved(unsaved) {
    say(this.go, unsaved ? "trySaveRun" : "tryRun");
    say(this.hint, this.content().session ? "trySession" : unsaved ? "tryUnsaved" : "tryKeys");
  }

  refresh() {
    const { variables, template } = this.content();
    this.input.element.hidden = !placesOf(template).includes("input");
    const key = JSON.stringify(variables);
    if (key === this.drawn) return;
    this.drawn = key;
    this.variables.replaceChildren(...fieldsOf(variables, this.values));
  }

  async run() {
    if (this.abort) return;
    if (!this.input.element.hidden && !this.input.value.trim()) return this.input.fail("tryEmpty");
    const abort = (this.abort = new AbortController());
    this.go.disabled = true;
    try {
      const number = await this.version();
      if (number !== null) await this.write(number, abort.signal);
    } finally {
      this.abort = null;
      this.go.disabled = false;
      this.stop.hidden = true;
    }
  }

  async write(number, signal) {
    this.stop.hidden = false;
    this.box.hidden = false;
    this.text.textContent = "";
    this.sources.replaceChildren();
    this.thumbs.reset();
    say(this.state, "working");
    this.box.scrollIntoView({ block: "nearest" });
    const variables = valuesOf(this.content().variables, this.values);
    const body = { model: `app:${versionOf(this.app.name, number)}`, prompt: this.input.value, variables, stream: true };
    try {
      const end = await follow(written(this.api, "/v1/completions", body, signal), this.text);
      this.request = end.request;
      this.sources.replaceChildren(...sourcesOf(end.sources));
      if (this.content().knowledge && !end.sources.length) this.sources.append(h("p", { class: "warning", word: "sourcesNone" }));
      this.thumbs.show(Boolean(end.request));
      say(this.state, end.finish === "content_filter" ? "endedFilter" : this.text.textContent.trim() ? "tryDone" : "tryNothing", { n: number });
    } catch (error) {
      if (error.name === "AbortError") return say(this.state, "stopped");
      unsay(this.state);
      this.notices.fail(error);
      if (!this.text.textContent) this.box.hidden = true;
    }
  }
}

// Shows the text of a stream as it comes; returns what its events say beside it.
export async function follow(events, place) {
  const end = { finish: null, request: null, sources: [] };
  for await (const event of events) {
    for (const choice of event.choices ?? []) {
      place.append(place.textContent ? choice.text : choice.text.trimStart()); // a template often ends before a space
      end.finish = choice.finish_reason ?? end.finish;
    }
    end.request = event.request_id ?? end.request;
    end.sources = event.sources ?? end.sources;
  }
  return end;
}

// A field for each variable; what is typed is kept in `values`.
export function fieldsOf(variables, values) {
  return variables.filter((one) => one.name).map(({ name, label, default: usual, long }, at) => {
    const input = textInput({ rows: long ? 4 : 0, value: values[name] ?? usual ?? "", id: `given-${at}`, onInput: (text) => (values[name] = text) });
    return new Field(input, { word: "asIs", values: { text: label || name } }).element;
  });
}

export function valuesOf(variables, values) {
  return Object.fromEntries(variables.filter((one) => one.name).map(({ name, default: usual }) => [name, values[name] ?? usual ?? ""]));
}

// Where the passages of the prompt come from.
export function sourcesOf(sources) {
  if (!sources?.length) return [];
  const item = (one) => h("details", {}, h("summary", {}, h("span", { class: "mono" }, one.document), h("span", { class: "hint" }, ` ${one.place ?? ""}`)), h("p", { class: "passage" }, one.text));
  return [h("h4", { word: "sources", values: { n: sources.length } }), ...sources.map(item)];
}

// Thumbs up and down for one answer; the last one counts.
export class Thumbs {
  constructor(rate, notices) {
    const thumb = (value, key, face) => {
      const on = { click: () => this.press(value) };
      return h("button", { type: "button", class: "quiet thumb", label: key, "aria-pressed": "false", "data-value": value, on }, face);
    };
    Object.assign(this, { rate, notices });
    this.buttons = [thumb(1, "thumbUp", "👍"), thumb(-1, "thumbDown", "👎")];
    this.element = h("div", { class: "thumbs", role: "group", label: "thumbs", hidden: true }, ...this.buttons);
  }

  reset() {
    this.element.hidden = true;
    for (const one of this.buttons) one.setAttribute("aria-pressed", "false");
  }

  show(on) {
    this.element.hidden = !on;
  }

  async press(value) {
    try {
      await this.rate(value);
      for (const one of this.buttons) one.setAttribute("aria-pressed", String(Number(one.dataset.value) === value));
      this.notices.show("rated");
    } catch (error) {
      this.notices.fail(error);
    }
  }
}
