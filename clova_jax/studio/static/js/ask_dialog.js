// A dialog that asks for a few fields and stays open until its work is done.
import { row } from "./fields.js";
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { say, unsay } from "./words.js";

// `submit` may throw; `place(error)` returns the field that the error is about, if it is about one.
export function askDialog({ title, values, intro, fields, action, submit, place = () => null }) {
  const head = h("h2", { id: "ask-title", word: title, values });
  const fault = h("p", { class: "fault", "aria-live": "polite" });
  const send = h("button", { type: "submit", class: "main", word: action });
  const cancel = h("button", { type: "button", class: "quiet", word: "cancel", on: { click: () => dialog.close() } });
  const about = intro ? h("p", { class: "intro", word: intro }) : null;
  const form = h("form", { class: "ask", novalidate: true }, head, about, ...fields.map((one) => one.element ?? one), fault, row(send, cancel));
  const dialog = h("dialog", { "aria-labelledby": head.id }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    unsay(fault);
    try {
      if ((await submit()) !== false) dialog.close();
    } catch (error) {
      const words = wordsOf(error);
      const field = place(error);
      if (field && words) field.fail(...words);
      else if (words) say(fault, ...words);
    } finally {
      send.disabled = false;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  const first = form.querySelector("input, textarea, select");
  first?.focus();
  first?.select?.();
  return dialog;
}
