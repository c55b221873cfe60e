// Shows several choices of one request side by side, to take one of them.
import { h } from "./dom.js";
import { complete } from "./stream.js";
import { say } from "./words.js";

export class ChoicesView {
  constructor(place, title, list, api) {
    Object.assign(this, { place, title, list, api });
  }

  clear() {
    this.place.hidden = true;
    this.list.replaceChildren();
  }

  // Writes all choices of a body; `take` gets the text that is chosen.
  async fill(body, signal, take) {
    const cards = Array.from({ length: body.n }, (_, index) => this.card(index, take));
    say(this.title, "choices", { n: body.n });
    this.list.replaceChildren(...cards.map((card) => card.element));
    this.place.hidden = false;
    this.place.scrollIntoView({ block: "nearest" });
    try {
      for await (const choice of complete(this.api, body, signal)) cards[choice.index].add(choice.text);
    } finally {
      for (const card of cards) card.end();
    }
  }

  card(index, take) {
    const text = h("p", { class: "model-text" });
    const use = h("button", { type: "button", word: "useChoice", disabled: true });
    use.addEventListener("click", () => {
      this.clear();
      take(text.textContent);
    });
    const head = h("h3", { word: "choice", values: { n: index + 1 } });
    return {
      element: h("li", { class: "card" }, head, text, use),
      add: (more) => text.append(more),
      end: () => (use.disabled = !text.textContent),
    };
  }
}
