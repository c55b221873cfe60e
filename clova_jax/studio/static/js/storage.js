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
