// Shows what else could have stood in a token's place; choosing one writes on from there.
import { h, visible } from "./dom.js";
import { percent } from "./tokens.js";
import { word } from "./words.js";

export class Alternatives {
  constructor(panel, editor, choose) {
    Object.assign(this, { panel, editor, choose });
    panel.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("pointerdown", (event) => {
      if (!panel.hidden && !panel.contains(event.target)) this.close();
    });
  }

  get open() {
    return !this.panel.hidden;
  }

  show(mark) {
    const bars = mark.tops.map((one) => this.button(mark, one));
    const title = h("p", { class: "alternatives-title", word: "alternatives" });
    const hint = h("p", { class: "hint", word: "alternativesHint" });
    this.panel.replaceChildren(title, h("ul", {}, ...bars.map((bar) => h("li", {}, bar))), hint);
    this.panel.hidden = false;
    this.place(mark);
  }

  button(mark, one) {
    const kind = one.end ? "endOfText" : one.text === null ? "halfCharacter" : null;
    const name = h("span", { class: kind ? "token kind" : "token", word: kind ?? undefined });
    if (!kind) name.textContent = visible(one.text);
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", one.p);
    const share = h("span", { class: "share" }, percent(one.p));
    const now = one.chosen ? h("span", { class: "now", word: "chosen" }) : null;
    const on = { click: () => this.take(mark, one) };
    return h("button", { type: "button", class: "alternative", disabled: one.text === null, on }, bar, name, now, share);
  }

  take(mark, one) {
    this.close();
    this.choose(mark, one);
  }

  focus() {
    this.panel.querySelector("button:not(:disabled)")?.focus();
  }

  close() {
    if (!this.open) return;
    const inside = this.panel.contains(document.activeElement);
    this.panel.hidden = true;
    if (inside) this.editor.area.focus();
  }

  key(event) {
    const buttons = [...this.panel.querySelectorAll("button:not(:disabled)")];
    const at = buttons.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.close();
    else if (step) buttons[(at + step + buttons.length) % buttons.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Below the token, inside the editor.
  place(mark) {
    const frame = this.panel.parentElement.getBoundingClientRect();
    const token = this.editor.spanOf(mark)?.getClientRects()[0] ?? frame;
    const most = frame.width - this.panel.offsetWidth;
    this.panel.style.left = `${Math.max(0, Math.min(token.left - frame.left, most))}px`;
    this.panel.style.top = `${token.bottom - frame.top + 6}px`;
    this.panel.setAttribute("aria-label", word("alternatives"));
    this.panel.scrollIntoView({ block: "nearest" });
  }
}
