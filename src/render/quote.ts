// The one way in which a value gets into shell text. Templates reach these functions as the helpers `sh`, `heredoc` and
// `comment`; a test refuses a template that interpolates in any other way.

/** The value as one shell word, whatever it holds. @throws Error for a NUL, which no shell word can hold. */
export function quoteWord(value: string): string {
  if (value.includes("\0")) throw new Error("a value with a NUL character cannot be put into a shell word");
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(value)) return value;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * The value as a here-document that the shell does not expand: `<<'DELIMITER'` and the lines up to it. It has to be the
 * last thing on its line. The delimiter is one that is no line of the value. A value without a newline at its end gets one.
 */
export function quoteDocument(value: string): string {
  if (value.includes("\0")) throw new Error("a value with a NUL character cannot be put into a here-document");
  const lines = new Set(value.split("\n"));
  let delimiter = "END_OF_FILE";
  for (let attempt = 2; lines.has(delimiter); attempt += 1) delimiter = `END_OF_FILE_${attempt}`;
  const body = value === "" || value.endsWith("\n") ? value : `${value}\n`;
  return `<<'${delimiter}'\n${body}${delimiter}`;
}

/** The value as the rest of a comment: one line without control characters. */
export function quoteComment(value: string): string {
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}
