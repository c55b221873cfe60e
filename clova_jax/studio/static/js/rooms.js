// One room at a time, by the address behind #: a reload stays, the browser's back goes back.

export function pathOf(hash) {
  try {
    return hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return []; // half an escape
  }
}

export function addressOf(...path) {
  return `#/${path.map(encodeURIComponent).join("/")}`;
}

export class Rooms {
  // `rooms`: by name {show(path), first}; `first` is what the skip link leads to, else the room itself.
  constructor(nav, skip, rooms) {
    this.links = [...nav.querySelectorAll("[data-room]")].filter((link) => link.dataset.room in rooms);
    this.rooms = rooms;
    this.current = "playground";
    window.addEventListener("hashchange", () => this.follow());
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      (rooms[this.current].first ?? this.element(this.current)).focus();
    });
  }

  element(name) {
    return document.getElementById(`room-${name}`);
  }

  // Shows what the address names; what it does not know is the playground.
  follow() {
    const [name, ...path] = pathOf(window.location.hash);
    this.current = name in this.rooms ? name : "playground";
    for (const room of Object.keys(this.rooms)) this.element(room).hidden = room !== this.current;
    for (const link of this.links) {
      if (link.dataset.room === this.current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.rooms[this.current].show(path);
  }

  go(...path) {
    const address = addressOf(...path);
    if (window.location.hash === address) this.follow();
    else window.location.hash = address;
  }

  // Shows or hides the link to a room that not every model has.
  offer(name, on) {
    for (const link of this.links) if (link.dataset.room === name) link.hidden = !on;
  }

  at(number) {
    const link = this.links[number - 1];
    if (!link || link.hidden) return;
    link.click();
    link.focus();
  }
}
