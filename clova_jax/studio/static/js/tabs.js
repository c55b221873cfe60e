// One view at a time; on wide windows the settings stand beside the editor and the examples.

export class Tabs {
  constructor(list, frame) {
    this.tabs = [...list.querySelectorAll('[role="tab"]')];
    this.frame = frame;
    this.wide = window.matchMedia("(min-width: 60rem)");
    this.onShow = () => {};
    for (const tab of this.tabs) tab.addEventListener("click", () => this.show(nameOf(tab)));
    list.addEventListener("keydown", (event) => this.key(event));
    this.wide.addEventListener("change", () => this.show(this.current));
    this.show("write");
  }

  get shown() {
    return this.tabs.filter((tab) => !(this.wide.matches && nameOf(tab) === "settings"));
  }

  show(name) {
    this.current = this.shown.some((tab) => nameOf(tab) === name) ? name : "write";
    for (const tab of this.tabs) {
      const chosen = nameOf(tab) === this.current;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const beside = nameOf(tab) === "settings" && this.wide.matches && ["write", "examples"].includes(this.current);
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen && !beside;
    }
    this.frame.dataset.view = this.current;
    this.onShow(this.current);
  }

  at(number) {
    const tab = this.shown[number - 1];
    if (!tab) return;
    this.show(nameOf(tab));
    tab.focus();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey) return;
    event.preventDefault();
    const shown = this.shown;
    const at = shown.findIndex((tab) => nameOf(tab) === this.current);
    this.at(((at + step + shown.length) % shown.length) + 1);
  }
}

function nameOf(tab) {
  return tab.id.replace("tab-", "");
}
