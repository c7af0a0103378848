// One word of a shell command, for the commands that components run.

/** Quotes a text so that the shell takes it for one word. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
