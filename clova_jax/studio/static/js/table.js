// The few-shot table: rows of input and output, pasted from sheets, made into a prompt.

// Cells of a text as spreadsheets copy it (tabs), or of CSV where there is no tab; quotes may hold line breaks.
export function cellsOf(text) {
  const mark = text.includes("\t") ? "\t" : ",";
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    const cells = rows.at(-1);
    if (quoted) {
      if (letter !== '"') cells[cells.length - 1] += letter;
      else if (text[at + 1] === '"') cells[cells.length - 1] += text[(at += 1)];
      else quoted = false;
    } else if (letter === '"' && cells.at(-1) === "") quoted = true;
    else if (letter === mark) cells.push("");
    else if (letter === "\n") rows.push([""]);
    else if (letter !== "\r") cells[cells.length - 1] += letter;
  }
  return rows.filter((cells) => cells.some((cell) => cell.trim()));
}

// Whether a pasted text is more than one cell.
export function isTable(text) {
  return text.includes("\t") || /\n./.test(text.trim());
}

// Rows of {input, output}, and the first line with more than two cells.
export function rowsOf(text) {
  const found = cellsOf(text);
  const line = found.findIndex((cells) => cells.length > 2);
  const rows = found.map(([input, output = ""]) => ({ input: input.trim(), output: output.trim() }));
  return { rows, uneven: line < 0 ? null : { line: line + 1, cells: found[line].length } };
}

// The prompt of examples; its end waits for the answer. Cells are data: nothing in them is expanded.
export function promptOf({ instruction, inputName, outputName, rows, query }) {
  const ask = (input) => `${inputName}: ${input}\n${outputName}:`;
  const full = rows.filter((row) => row.input.trim() && row.output.trim());
  const blocks = full.map((row) => `${ask(row.input.trim())} ${row.output.trim()}`);
  if (instruction.trim()) blocks.unshift(instruction.trim());
  return [...blocks, ask(query.trim())].join("\n\n");
}
