// The phone page of an app: a form, or a conversation, for whoever has the link. No key is used.
import { Api } from "./api.js";
import { Thumbs, fieldsOf, follow, sourcesOf, valuesOf } from "./app_try.js";
import { textIn } from "./app_content.js";
import { askDialog } from "./ask_dialog.js";
import { byId, h } from "./dom.js";
import { Field, button, textInput } from "./fields.js";
import { Notices } from "./notices.js";
import { storageOf } from "./storage.js";
import { StreamCut, written } from "./stream.js";
import { turnOf } from "./talk.js";
import { currentLanguage, firstLanguage, say, setLanguage } from "./words.js";

class Phone {
  constructor(storage) {
    this.api = new Api(storageOf(() => null)); // in memory: this page has no key
    this.name = decodeURIComponent(window.location.pathname.split("/")[2] ?? "");
    this.notices = new Notices(byId("notice"), byId("notice-text"), byId("notice-close"));
    Object.assign(this, { storage, values: {}, abort: null, session: newSession() });
  }

  path(...rest) {
    return ["/a", encodeURIComponent(this.name), ...rest].join("/");
  }

  async begin() {
    byId("language").addEventListener("click", () => {
      setLanguage(currentLanguage() === "ko" ? "en" : "ko", this.storage, true);
      if (this.about) this.draw();
    });
    byId("new-talk").addEventListener("click", () => this.anew());
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    try {
      this.about = await this.api.get(this.path("about"));
    } catch (error) {
      const closed = byId("closed");
      closed.hidden = false;
      return say(closed, ...faultOf(error));
    }
    this.input = new Field(textInput({ rows: 1, id: "input", placeholder: "phoneInputPlaceholder", maxlength: 100_000 }), { word: "phoneInput" });
    this.go = h("button", { type: "submit", class: "main", id: "send", word: "phoneSend" });
    this.stop = button("stop", () => this.abort?.abort(), { id: "stop", class: "main", hidden: true });
    byId("ask-line").append(this.input.element, this.go, this.stop);
    this.input.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    byId("form").hidden = false;
    this.draw();
    this.greet();
  }

  // What the language decides.
  draw() {
    const { title, about, variables } = this.about;
    const shown = textIn(title, currentLanguage()) || this.name;
    byId("title").textContent = document.title = shown;
    byId("about").textContent = textIn(about, currentLanguage());
    if (this.drawn) return;
    this.drawn = true;
    byId("variables").replaceChildren(...fieldsOf(variables, this.values));
    byId("given").hidden = !variables.length;
    byId("new-talk").hidden = !this.talks;
  }

  // Whether the app remembers what was said before.
  get talks() {
    return this.about.session;
  }

  greet() {
    if (this.about.greeting) byId("talk").append(this.turn("bot", this.about.greeting).element);
  }

  anew() {
    this.abort?.abort();
    this.session = newSession();
    byId("talk").replaceChildren();
    this.greet();
    this.input.input.focus();
  }

  turn(who, text = "") {
    return turnOf(who, who === "bot" ? "phoneBot" : "phoneYou", text);
  }

  async send() {
    if (this.abort) return;
    const text = this.input.value.trim();
    if (!text) return this.input.fail("phoneEmpty");
    this.notices.clear();
    this.abort = new AbortController();
    const mine = this.turn("me", text);
    const answer = this.turn("bot");
    const list = byId("talk");
    if (!this.talks) list.replaceChildren();
    list.append(mine.element, answer.element);
    this.input.input.value = "";
    this.busy(true);
    say(answer.foot, "phoneWorking");
    if (this.talks) byId("given").open = false; // room for what is said
    toEnd();
    try {
      await this.answer(answer, text, this.abort.signal);
    } catch (error) {
      this.fail(error, mine, answer, text);
    } finally {
      this.abort = null;
      this.busy(false);
      this.input.input.focus({ preventScroll: true });
      toEnd();
    }
  }

  async answer(answer, input, signal) {
    const body = { input, variables: valuesOf(this.about.variables, this.values), ...(this.talks ? { session: this.session } : {}) };
    const end = await follow(written(this.api, this.path("run"), body, signal), answer.text);
    const key = end.finish === "content_filter" ? "phoneFilter" : answer.text.textContent.trim() ? null : "phoneNothing";
    const note = key ? h("p", { class: "hint", word: key }) : null;
    answer.foot.replaceChildren(...[note, end.request ? this.tools(end.request) : null, ...sourcesOf(end.sources)].filter(Boolean));
  }

  busy(on) {
    this.go.hidden = on;
    this.stop.hidden = !on;
  }

  // What was asked goes back into the field, unless something was answered.
  fail(error, mine, answer, text) {
    const begun = answer.text.textContent !== "";
    if (error.name === "AbortError") say(answer.foot, "stopped");
    else if (begun) say(answer.foot, ...faultOf(error));
    else this.notices.put("fault", ...faultOf(error));
    if (begun) return;
    mine.element.remove();
    answer.element.remove();
    if (!this.input.value) this.input.input.value = text;
  }

  tools(request) {
    const thumbs = new Thumbs((value) => this.api.post(this.path("rating"), { request_id: request, value }), this.notices);
    thumbs.show(true);
    const report = button("report", () => this.report(request), { class: "quiet report" });
    return h("div", { class: "row turn-tools" }, thumbs.element, report);
  }

  report(request) {
    const text = new Field(textInput({ rows: 3, maxlength: 2000, id: "report-text" }), { word: "reportText" });
    const submit = async () => {
      if (!text.value.trim()) {
        text.fail("reportEmpty");
        return false;
      }
      await this.api.post(this.path("misuse"), { request_id: request, text: text.value.trim() });
      this.notices.show("reported");
      return true;
    };
    askDialog({ title: "reportTitle", intro: "reportIntro", fields: [text], action: "reportSend", submit });
  }
}

// A name that nobody guesses; `randomUUID` is not there on plain HTTP.
function newSession() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toEnd() {
  window.scrollTo({ top: document.body.scrollHeight });
}

function faultOf(error) {
  if (error instanceof StreamCut) return ["phoneCut", {}];
  if (error.status === 404 || error.status === 401) return ["phoneClosed", {}];
  if (error.status === 429 || error.status === 503) return ["phoneLimit", { wait: error.retryAfter ?? 10 }];
  if (error.code === "context_length_exceeded" || error.status === 413) return ["phoneLong", {}];
  return error.status ? ["errorServer", { message: error.message }] : ["errorNetwork", {}];
}

const storage = storageOf(() => window.localStorage);
setLanguage(firstLanguage(storage, navigator), storage);
new Phone(storage).begin();
