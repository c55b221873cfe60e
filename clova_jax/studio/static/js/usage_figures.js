// The figures of Usage: tiles, what a bucket of time is called, tables.
import { h } from "./dom.js";
import { currentLanguage, word } from "./words.js";

export const FINISHES = { end: "finishEnd", stop: "finishStop", length: "finishLength", content_filter: "finishFilter", error: "finishError", left: "finishLeft" };
export const FILTERS = { personal: "hitPersonal", curse: "hitCurse", unsafe: "hitUnsafe" };
const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function count(value) {
  const compact = value >= 100_000 ? { notation: "compact", maximumFractionDigits: 1 } : {};
  return new Intl.NumberFormat(currentLanguage(), compact).format(value);
}

export function secondsOf(value) {
  if (value == null) return "–";
  const digits = value === 0 || value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return word("usageSeconds", { n: new Intl.NumberFormat(currentLanguage(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value) });
}

// A second on an axis: no more digits than it has.
export function secondsAt(value) {
  return word("usageSeconds", { n: new Intl.NumberFormat(currentLanguage(), { maximumSignificantDigits: 2 }).format(value) });
}

export function offsetOf(date = new Date()) {
  return -date.getTimezoneOffset();
}

// All hours or days of a period as the server names them, in local time, with words for each.
export function bucketsOf(since, until, hourly) {
  const shift = offsetOf(until) * MINUTE;
  const size = hourly ? HOUR : DAY;
  const long = new Intl.DateTimeFormat(currentLanguage(), { month: "long", day: "numeric", timeZone: "UTC", ...(hourly ? { hour: "numeric" } : {}) });
  const short = new Intl.DateTimeFormat(currentLanguage(), { timeZone: "UTC", ...(hourly ? { hour: "numeric" } : { month: "short", day: "numeric" }) });
  const found = [];
  for (let at = Math.floor((since.getTime() + shift) / size) * size; at < until.getTime() + shift; at += size) {
    const date = new Date(at);
    found.push({ group: date.toISOString().slice(0, hourly ? 16 : 10), name: long.format(date), label: short.format(date) });
  }
  return found;
}

function tile(key, value, about) {
  return h("div", { class: "tile" }, h("dt", { word: key }), h("dd", {}, h("strong", {}, value), h("span", { class: "hint" }, about)));
}

export function tilesOf(total) {
  const kinds = Object.entries(FILTERS).filter(([kind]) => total.filtered[kind]);
  const hits = kinds.reduce((sum, [kind]) => sum + total.filtered[kind], 0);
  return [
    tile("usageRequests", count(total.requests), word("usageErrors", { n: count(total.errors) })),
    tile("usageTokens", count(total.prompt_tokens + total.completion_tokens), word("usageTokensOf", { prompt: count(total.prompt_tokens), completion: count(total.completion_tokens) })),
    tile("usageFirst", secondsOf(total.first_p50), word("usageSlowest", { seconds: secondsOf(total.first_p99) })),
    tile("usageComplete", secondsOf(total.seconds_p50), word("usageSlowest", { seconds: secondsOf(total.seconds_p99) })),
    tile("usageFiltered", count(hits), kinds.map(([kind, key]) => `${word(key)} ${count(total.filtered[kind])}`).join(" · ")),
    tile("usageRatings", `${count(total.up)} / ${count(total.down)}`, `${word("requestUp")} / ${word("requestDown")}`),
  ];
}

// A table whose first column names its rows; `columns`: [[word, (row) => text]].
export function tableOf(id, columns, rows, head) {
  const [first, ...others] = columns;
  const line = (row) => h("tr", {}, h("th", { scope: "row" }, first[1](row)), ...others.map(([, text]) => h("td", {}, text(row))));
  return h("div", { class: "table-scroll", tabindex: 0, role: "group", label: head },
    h("table", { class: "usage-table", id }, h("thead", {}, h("tr", {}, ...columns.map(([key]) => h("th", { scope: "col", word: key })))), h("tbody", {}, ...rows.map(line))));
}

export function columnsOf(key, name) {
  const finishes = (row) => Object.entries(FINISHES).filter(([finish]) => row.finished[finish]).map(([finish, said]) => `${word(said)} ${count(row.finished[finish])}`).join(", ");
  return [
    [key, name],
    ["usageRequests", (row) => count(row.requests)],
    ["usageInput", (row) => count(row.prompt_tokens)],
    ["usageOutput", (row) => count(row.completion_tokens)],
    ["usageFirst", (row) => `${secondsOf(row.first_p50)} / ${secondsOf(row.first_p99)}`],
    ["usageComplete", (row) => `${secondsOf(row.seconds_p50)} / ${secondsOf(row.seconds_p99)}`],
    ["usageFinish", finishes],
    ["usageRatings", (row) => `${count(row.up)} / ${count(row.down)}`],
  ];
}
