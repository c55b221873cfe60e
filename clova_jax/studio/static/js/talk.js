// A turn of a conversation, as it stands in a list: who says it, the text, and room for what is said of it.
import { h } from "./dom.js";

// `who` is me or bot; `key` is the word for it.
export function turnOf(who, key, text = "") {
  const shown = h("p", { class: "model-text" }, text);
  const foot = h("div", { class: "turn-foot" });
  return { text: shown, foot, element: h("li", { class: `turn ${who}` }, h("span", { class: "who", word: key }), shown, foot) };
}
