// Carries a logged request to where it is asked again, once.
import { versionOf } from "./names.js";

const waiting = new Map();

export function put(request) {
  waiting.set(versionOf(request.app, request.version), request);
}

// The request that waits for a version of an app, if one does.
export function take(app, version) {
  const place = versionOf(app, version);
  const found = waiting.get(place) ?? null;
  waiting.delete(place);
  return found;
}
