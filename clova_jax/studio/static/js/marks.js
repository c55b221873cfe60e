// Keeps what is known of ranges of the text while the text changes.
//
// A mark: {start, end, run, made, p, tops}. `run` numbers what was written or scored in one go, `made` says that the
// model wrote it, `p` is the probability (null if unknown), `tops` are the alternatives: [{text, end, p, chosen}].

// Where two texts differ: {at, removed, inserted} lengths.
export function difference(before, after, caret) {
  const most = Math.min(before.length, after.length);
  // What was typed ends at the caret: among equal letters it is the later one that is new.
  const last = Math.min(most, Math.max(0, caret - Math.max(0, after.length - before.length)));
  let at = 0;
  while (at < last && before[at] === after[at]) at += 1;
  let same = 0;
  while (same < most - at && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { at, removed: before.length - at - same, inserted: after.length - at - same };
}

// Marks after a change; those that it touches inside are gone.
export function moved(marks, { at, removed, inserted }) {
  const found = [];
  for (const mark of marks) {
    if (mark.end <= at) found.push(mark);
    else if (mark.start >= at + removed) {
      found.push({ ...mark, start: mark.start + inserted - removed, end: mark.end + inserted - removed });
    }
  }
  return found;
}

// The mark that a caret stands in or behind.
export function markAt(marks, caret) {
  return marks.find((mark) => mark.start < caret && caret <= mark.end) ?? marks.find((mark) => mark.start === caret) ?? null;
}

// The end of what was written in one go with a mark.
export function endOfRun(marks, mark) {
  return Math.max(...marks.filter((one) => one.run === mark.run).map((one) => one.end));
}

// Cuts a text into [text, mark or null], in order, for marks that do not overlap.
export function cut(text, marks) {
  const parts = [];
  let done = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    if (mark.start < done || mark.end > text.length) continue;
    if (mark.start > done) parts.push([text.slice(done, mark.start), null]);
    parts.push([text.slice(mark.start, mark.end), mark]);
    done = mark.end;
  }
  if (done < text.length) parts.push([text.slice(done), null]);
  return parts;
}
