// Carries a logged request to where it is asked again, once.

const waiting = new Map();

export function put(request) {
  waiting.set(request.app, request);
}

// The request that waits for an app, if one does.
export function take(app) {
  const found = waiting.get(app) ?? null;
  waiting.delete(app);
  return found;
}
