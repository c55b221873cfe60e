// Parts that several rooms show: what failed and what to do, dates, addresses to copy.
import { h } from "./dom.js";
import { wordsOf } from "./errors.js";
import { button, row } from "./fields.js";
import { currentLanguage, say } from "./words.js";

// Shows an error in place of a room.
export function failure(place, error, { back, again }) {
  const line = h("p", { class: "failure-text" });
  const words = error.status === 404 ? ["errorGone", {}] : wordsOf(error);
  if (words) say(line, ...words);
  const way = back ? h("a", { class: "button", href: back, word: "backToList" }) : null;
  place.replaceChildren(h("div", { class: "empty failure", role: "alert" }, line, row(button("again", again), way)));
}

export function timeOf(when) {
  const date = new Date(typeof when === "number" ? when * 1000 : when);
  if (Number.isNaN(date.getTime())) return h("span", {}, "");
  const shown = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "short" }).format(date);
  return h("time", { datetime: date.toISOString() }, shown);
}

export async function copy(text, notices) {
  try {
    await navigator.clipboard.writeText(text);
    notices.show("copied");
  } catch {
    notices.show("copyFailed");
  }
}

// A text to copy, shown whole; an address is shown as people read it, and copied as programs do.
export function copied(text, notices, { id, link = false } = {}) {
  const shown = link ? h("a", { id, href: text, target: "_blank", rel: "noopener" }, decodeURI(text)) : h("pre", { id, tabindex: 0 }, text);
  return h("div", { class: "copied" }, shown, button("copy", () => copy(text, notices)));
}

// Saves a Blob as a file.
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// What an app is on: its labels, or that it is on none.
export function badgesOf({ labels, public: open }) {
  const badge = (key, values, kind) => h("span", { class: `badge ${kind}`, word: key, values });
  const found = [];
  if (labels.service) found.push(badge("badgeService", { n: labels.service }, "on"));
  if (labels.test) found.push(badge("badgeTest", { n: labels.test }, ""));
  if (labels.service && open) found.push(badge("badgePublic", {}, ""));
  return found.length ? found : [badge("badgeDraft", {}, "")];
}
