// Remembers states of the text; typing in one go is one step.

const MOST = 200;
const PAUSE = 800; // milliseconds

export class Undo {
  constructor(clock = () => performance.now()) {
    this.clock = clock;
    this.past = [];
    this.future = [];
    this.typed = -Infinity;
  }

  // Remembers the state before a change; one of typing only if it is the first for a while.
  remember(state, typing = false) {
    const now = this.clock();
    const goesOn = typing && now - this.typed < PAUSE;
    this.typed = typing ? now : -Infinity;
    this.future = [];
    if (goesOn) return;
    this.past.push(state);
    if (this.past.length > MOST) this.past.shift();
  }

  undo(current) {
    return this.step(this.past, this.future, current);
  }

  redo(current) {
    return this.step(this.future, this.past, current);
  }

  step(from, to, current) {
    this.typed = -Infinity;
    const found = from.pop() ?? null;
    if (found) to.push(current);
    return found;
  }
}
