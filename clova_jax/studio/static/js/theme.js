// Dark, light, or as the system has it.
import { say } from "./words.js";

const PLACE = "studio.theme";
const ORDER = ["auto", "light", "dark"];
const WORDS = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };

export function themeSwitch(button, storage) {
  let theme = ORDER.includes(storage.get(PLACE)) ? storage.get(PLACE) : "auto";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    say(button, WORDS[theme]);
  };
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    storage.set(PLACE, theme);
    show();
  });
  show();
}
