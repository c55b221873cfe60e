// Shows one line at a time: what happened, or what went wrong.
import { wordsOf } from "./errors.js";
import { say, unsay } from "./words.js";

export class Notices {
  constructor(place, text, closer) {
    this.place = place;
    this.text = text;
    closer.addEventListener("click", () => this.clear());
    this.onKeyNeeded = () => {};
  }

  show(key, values = {}) {
    this.put("note", key, values);
  }

  // Returns whether it was an error that is worth showing.
  fail(error) {
    const words = wordsOf(error);
    if (!words) return false;
    this.put("fault", ...words);
    if (error.status === 401) this.onKeyNeeded();
    return true;
  }

  clear() {
    this.place.hidden = true;
    unsay(this.text);
  }

  put(kind, key, values) {
    this.place.hidden = false;
    this.place.dataset.kind = kind;
    say(this.text, key, values);
  }
}
