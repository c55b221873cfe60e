// Keeps what was written in this browser: IndexedDB, or memory where it is forbidden.

export const MOST = 200;
const NAME = "clova-studio";
const TABLE = "runs";

export class History {
  constructor() {
    this.memory = [];
    this.volatile = false;
    this.base = null;
  }

  async open(factory = globalThis.indexedDB) {
    try {
      const asked = factory.open(NAME, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE, { keyPath: "id", autoIncrement: true });
      this.base = await result(asked);
    } catch {
      this.volatile = true;
    }
    return this;
  }

  // Adds {when, prompt, text, finish, values}; the oldest go when there are too many.
  async add(run) {
    if (!this.base) {
      this.memory.push({ ...run, id: (this.memory.at(-1)?.id ?? 0) + 1 });
      this.memory.splice(0, this.memory.length - MOST);
      return;
    }
    const table = this.table("readwrite");
    await result(table.add(run));
    const keys = await result(table.getAllKeys());
    for (const key of keys.slice(0, -MOST)) table.delete(key);
  }

  // All runs, the newest first.
  async list() {
    const found = this.base ? await result(this.table("readonly").getAll()) : [...this.memory];
    return found.reverse();
  }

  async remove(id) {
    if (this.base) await result(this.table("readwrite").delete(id));
    this.memory = this.memory.filter((run) => run.id !== id);
  }

  async clear() {
    if (this.base) await result(this.table("readwrite").clear());
    this.memory = [];
  }

  table(mode) {
    return this.base.transaction(TABLE, mode).objectStore(TABLE);
  }
}

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
