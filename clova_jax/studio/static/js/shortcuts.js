// The keys that do things, and the list of them.
import { h } from "./dom.js";

const APPLE = /Mac|iP/.test(navigator.platform);
export const COMMAND = APPLE ? "⌘" : "Ctrl";
const ALT = APPLE ? "⌥" : "Alt";

// [word, keys to show, test of an event, name of the action]
const KEYS = [
  ["shortcutWrite", [COMMAND, "Enter"], (event) => command(event) && event.key === "Enter" && !event.shiftKey, "write"],
  ["shortcutRegenerate", [COMMAND, "Shift", "Enter"], (event) => command(event) && event.key === "Enter" && event.shiftKey, "regenerate"],
  ["shortcutStop", ["Esc"], (event) => event.key === "Escape", "stop"],
  ["shortcutUndo", [COMMAND, "Z"], (event) => command(event) && event.code === "KeyZ" && !event.shiftKey, "undo"],
  ["shortcutRedo", [COMMAND, "Shift", "Z"], (event) => command(event) && (event.code === "KeyY" || (event.code === "KeyZ" && event.shiftKey)), "redo"],
  ["shortcutAlternatives", [ALT, "↓"], (event) => event.altKey && event.key === "ArrowDown", "alternatives"],
  ["shortcutProbability", [ALT, "P"], (event) => event.altKey && event.code === "KeyP", "probability"],
  ["shortcutHeat", [ALT, "H"], (event) => event.altKey && event.code === "KeyH", "heat"],
  ["shortcutCode", [ALT, "C"], (event) => event.altKey && event.code === "KeyC", "code"],
  ["shortcutTabs", [ALT, "1–5"], (event) => digit(event, 5) && !event.shiftKey, "tab"],
  ["shortcutRooms", [ALT, "Shift", "1–6"], (event) => digit(event, 6) && event.shiftKey, "room"],
  ["shortcutHelp", ["?"], (event) => event.key === "?" && !writing(event.target), "help"],
];

function command(event) {
  return APPLE ? event.metaKey : event.ctrlKey;
}

function digit(event, most) {
  const found = /^Digit([1-9])$/.exec(event.code);
  return event.altKey && found !== null && Number(found[1]) <= most;
}

function writing(target) {
  return target.matches?.("textarea, input, select");
}

// An action returns false where the key should do what it does anyway.
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const found = KEYS.find(([, , fits]) => fits(event));
    if (found && actions[found[3]](event) !== false) event.preventDefault();
  });
}

export function list(place) {
  const keys = (names) => names.flatMap((name, at) => [at ? " + " : "", h("kbd", {}, name)]);
  place.replaceChildren(...KEYS.flatMap(([name, shown]) => [h("dt", { word: name }), h("dd", {}, ...keys(shown))]));
}
