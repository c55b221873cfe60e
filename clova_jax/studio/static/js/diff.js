// What differs between two versions, line by line.

const LONGEST = 1500; // lines; longer texts are shown as one change

// [kind, line] with kind "same", "out", "in".
export function diffLines(before, after) {
  const [one, other] = [before.split("\n"), after.split("\n")];
  if (one.length > LONGEST || other.length > LONGEST) {
    return [...one.map((line) => ["out", line]), ...other.map((line) => ["in", line])];
  }
  // longest[i][j]: the longest common run of lines from i and j on
  const longest = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      longest[i][j] = one[i] === other[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      lines.push(["same", one[i]]);
      [i, j] = [i + 1, j + 1];
    } else if (j >= other.length || (i < one.length && longest[i + 1][j] >= longest[i][j + 1])) lines.push(["out", one[i++]]);
    else lines.push(["in", other[j++]]);
  }
  return lines;
}

// The parts of two contents that differ: [name, lines].
export function diffContents(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, diffLines(shown(before[name]), shown(after[name]))]);
}

function shown(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
