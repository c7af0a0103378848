// Splits one host line of an INI inventory into words, as Python's shlex does with comments on. The way back
// (quoting) is in src/render/inventory-quoting.ts.

/** Words of a line and the comment that ended it. */
export type HostLine =
  | { readonly kind: "words"; readonly words: readonly string[]; readonly comment: string | undefined }
  | { readonly kind: "invalid"; readonly reason: string };

/** Splits a line on blanks; quotes, backslashes and `#` mean what they mean to Python's shlex. */
export function splitHostLine(line: string): HostLine {
  // Most lines have nothing special in them, and a large site has very many of them.
  if (!/["'\\#]/.test(line))
    return { kind: "words", words: line.split(/[ \t\r]+/).filter(Boolean), comment: undefined };
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const c = line[at] ?? "";
    if (c === "#") {
      if (word !== undefined) words.push(word);
      return { kind: "words", words, comment: line.slice(at).trim() };
    }
    if (c === " " || c === "\t" || c === "\r") {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else if (c === "\\") {
      const next = line[at + 1];
      if (next === undefined) return { kind: "invalid", reason: "the line ends in a backslash" };
      word = (word ?? "") + next;
      at += 2;
    } else if (c === "'" || c === '"') {
      const quoted = readQuoted(line, at, c);
      if (quoted === undefined) return { kind: "invalid", reason: `a ${c} is opened and never closed` };
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else {
      word = (word ?? "") + c;
      at++;
    }
  }
  if (word !== undefined) words.push(word);
  return { kind: "words", words, comment: undefined };
}

function readQuoted(
  line: string,
  start: number,
  quote: string,
): { readonly text: string; readonly end: number } | undefined {
  let text = "";
  let at = start + 1;
  for (;;) {
    const c = line[at];
    if (c === undefined) return undefined;
    if (c === quote) return { text, end: at + 1 };
    const next = line[at + 1];
    // Inside double quotes a backslash is taken away only before the quote and before itself.
    if (c === "\\" && quote === '"' && (next === '"' || next === "\\")) {
      text += next;
      at += 2;
    } else {
      text += c;
      at++;
    }
  }
}
