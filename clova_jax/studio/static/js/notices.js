// Shows one line at a time: what happened, or what went wrong.
import { wordsOf } from "./errors.js";
import { say, unsay } from "./words.js";

const NOTE_TIME = 6000; // milliseconds

export class Notices {
  constructor(place, text, closer) {
    this.place = place;
    this.text = text;
    closer.addEventListener("click", () => this.clear());
    this.onKeyNeeded = () => {};
    this.timer = 0;
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

  // A fault stays until it is closed or something else is said; a note goes by itself.
  put(kind, key, values) {
    clearTimeout(this.timer);
    if (kind === "note") this.timer = setTimeout(() => this.clear(), NOTE_TIME);
    this.place.hidden = false;
    this.place.dataset.kind = kind;
    say(this.text, key, values);
  }
}
