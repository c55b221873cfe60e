// Keeps small values in the browser; where it forbids that, in memory.

export function storageOf(open) {
  const memory = new Map();
  let place = null;
  try {
    place = open();
    place.getItem("studio");
  } catch {
    place = null;
  }
  return {
    get(name) {
      return place ? place.getItem(name) : (memory.get(name) ?? null);
    },
    set(name, value) {
      try {
        if (place) return place.setItem(name, value);
      } catch {
        place = null; // full
      }
      memory.set(name, value);
    },
    remove(name) {
      place?.removeItem(name);
      memory.delete(name);
    },
  };
}

export function readJson(storage, name, otherwise) {
  try {
    return JSON.parse(storage.get(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

// Drafts of apps, until the window is closed; one that is saved or dropped is gone.
export function draftsOf(session) {
  const place = (name) => `studio.app.${name}`;
  return {
    get: (name) => readJson(session, place(name), null),
    set: (name, draft) => session.set(place(name), JSON.stringify(draft)),
    remove: (name) => session.remove(place(name)),
  };
}
