// The room of chats: messages to a model that has learned to answer them; the talk stays in the page.
import { h } from "./dom.js";
import { Field, button, row, textInput } from "./fields.js";
import { written } from "./stream.js";
import { turnOf } from "./talk.js";
import { say, unsay } from "./words.js";

export class ChatRoom {
  // `settings` are the playground's: how texts are written.
  constructor(place, { api, notices, settings }) {
    Object.assign(this, { api, notices, settings, messages: [], abort: null });
    this.system = new Field(textInput({ rows: 2, id: "chat-system", placeholder: "chatSystemPlaceholder" }), { word: "chatSystem" });
    this.list = h("ol", { class: "talk", id: "chat-talk", label: "phoneTalk" });
    this.input = new Field(textInput({ rows: 1, id: "chat-input", placeholder: "chatPlaceholder" }), { word: "chatInput" });
    this.go = h("button", { type: "submit", class: "main", id: "chat-send", word: "phoneSend" });
    this.stop = button("stop", () => this.abort?.abort(), { id: "chat-stop", class: "main", hidden: true });
    this.state = h("p", { class: "hint", id: "chat-state", role: "status" });
    this.first = this.input.input;
    const form = h("form", { class: "chat-form", novalidate: true }, h("div", { class: "ask-line" }, this.input.element, this.go, this.stop), this.state, h("p", { class: "hint sure", word: "phoneSure" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.first.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    const head = h("div", { class: "room-head" }, h("h2", { word: "chatTitle" }), button("phoneNew", () => this.anew(), { id: "chat-new", class: "quiet" }));
    const system = h("details", { class: "chat-system" }, h("summary", { word: "chatSystemTitle" }), this.system.element);
    this.talk = h("div", { class: "chat" }, head, h("p", { class: "intro", word: "chatIntro" }), system, this.list, form);
    this.lacking = h("div", { class: "empty", id: "chat-lacking", hidden: true }, h("p", { word: "chatLacking" }), row(h("a", { class: "button", href: "#/", word: "roomPlayground" })));
    place.replaceChildren(this.talk, this.lacking);
  }

  // Whether the model answers messages; until that is known the room is as if it did.
  set able(able) {
    this.talk.hidden = !able;
    this.lacking.hidden = able;
  }

  show() {
    this.first.focus();
  }

  anew() {
    this.abort?.abort();
    this.messages = [];
    this.list.replaceChildren();
    unsay(this.state);
    this.first.focus();
  }

  async send() {
    if (this.abort) return;
    const text = this.input.value.trim();
    if (!text) return this.input.fail("phoneEmpty");
    if (!this.settings.check(this.notices)) return;
    this.notices.clear();
    const abort = (this.abort = new AbortController());
    const turns = [turnOf("me", "phoneYou", text), turnOf("bot", "chatModel")];
    this.list.append(...turns.map((turn) => turn.element));
    this.input.input.value = "";
    this.busy(true);
    say(this.state, "phoneWorking");
    this.toEnd();
    const messages = [...this.messages, { role: "user", content: text }];
    try {
      const finish = await this.answer(messages, turns[1].text, abort.signal);
      this.end(abort, finish, turns[1]);
    } catch (error) {
      if (error.name === "AbortError") say(this.state, "stopped");
      else {
        unsay(this.state);
        this.notices.fail(error);
      }
    } finally {
      if (this.abort === abort) this.close(messages, turns);
      this.toEnd();
    }
  }

  // Writes the answer into its place as it comes; returns how it ended.
  async answer(messages, place, signal) {
    const { prompt, n, model, ...body } = this.settings.body("");
    const system = this.system.value.trim();
    const all = [...(system ? [{ role: "system", content: system }] : []), ...messages];
    let finish = null;
    for await (const event of written(this.api, "/v1/chat/completions", { ...body, messages: all, stream: true }, signal)) {
      for (const choice of event.choices ?? []) {
        place.append(choice.delta.content ?? "");
        finish = choice.finish_reason ?? finish;
      }
    }
    return finish;
  }

  end(abort, finish, turn) {
    if (this.abort !== abort) return; // a new talk has begun
    if (finish === "content_filter") say(this.state, "phoneFilter");
    else if (!turn.text.textContent.trim()) say(this.state, "phoneNothing");
    else if (finish === "length") say(this.state, "chatCut");
    else unsay(this.state);
  }

  // What was answered is remembered; what was not goes back into the field.
  close(messages, [mine, answer]) {
    this.abort = null;
    const content = answer.text.textContent.trim();
    if (content) this.messages = [...messages, { role: "assistant", content }];
    else {
      mine.element.remove();
      answer.element.remove();
      this.input.input.value ||= messages.at(-1).content;
    }
    this.busy(false);
    this.first.focus({ preventScroll: true });
  }

  busy(on) {
    this.go.hidden = on;
    this.stop.hidden = !on;
  }

  toEnd() {
    window.scrollTo({ top: document.body.scrollHeight });
  }
}
