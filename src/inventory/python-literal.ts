// Ansible runs every INI value through Python's ast.literal_eval and keeps the text when that fails. This is that
// evaluation for what an inventory can hold: strings, numbers, True/False/None, lists, tuples, dicts and sets.
// Source: ansible-core lib/ansible/plugins/inventory/ini.py, _parse_value.

import type { InventoryValue } from "../model/inventory";

// One value for all: an inventory of 200,000 hosts throws it as often, and a stack trace each would cost seconds.
const notALiteral = Symbol("not a Python literal");

const numberPattern =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*|\d(?:_?\d)*(?=[eE]))(?:[eE][+-]?\d(?:_?\d)*)?|[1-9](?:_?\d)*|0(?:_?0)*)(?![\w.])/y;

const simpleEscapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};

class Reader {
  private at = 0;
  private depth = 0;
  constructor(private readonly text: string) {}

  parse(): InventoryValue {
    const value = this.expression();
    this.blanks();
    if (this.at < this.text.length) throw notALiteral;
    return value;
  }

  private blanks(): void {
    for (;;) {
      const c = this.text[this.at];
      if (c === " " || c === "\t" || c === "\f") this.at++;
      else if (c === "#") this.at = this.text.length;
      else return;
    }
  }

  private take(sign: string): boolean {
    this.blanks();
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  private expression(): InventoryValue {
    this.blanks();
    // A hostile nesting must end in "not a literal", as it does in Python, not in a stack overflow.
    if (++this.depth > 90) throw notALiteral;
    const value = this.atom();
    this.depth--;
    return value;
  }

  private atom(): InventoryValue {
    const c = this.text[this.at];
    if (c === "[") return this.items("[", "]").values;
    if (c === "{") return this.braces();
    if (c === "(") {
      const { values, commas } = this.items("(", ")");
      const only = values[0];
      return values.length === 1 && commas === 0 && only !== undefined ? only : values;
    }
    if (c === "-" || c === "+") {
      this.at++;
      this.blanks();
      const value = this.number();
      return c === "+" ? value : negated(value);
    }
    if (c !== undefined && /[0-9.]/.test(c)) return this.number();
    const word = /[A-Za-z_]\w*/y;
    word.lastIndex = this.at;
    const name = word.exec(this.text)?.[0];
    const afterWord = this.text[this.at + (name?.length ?? 0)];
    if (
      c === "'" ||
      c === '"' ||
      (name !== undefined && /^[rRuUbB]{1,2}$/.test(name) && /['"]/.test(afterWord ?? ""))
    ) {
      return this.strings();
    }
    if (name !== undefined) {
      this.at += name.length;
      if (name === "True") return true;
      if (name === "False") return false;
      if (name === "None") return null;
      if (name === "set" && this.take("(") && this.take(")")) return [];
    }
    throw notALiteral;
  }

  private number(): number | bigint {
    numberPattern.lastIndex = this.at;
    const text = numberPattern.exec(this.text)?.[0];
    if (text === undefined) throw notALiteral;
    this.at += text.length;
    const digits = text.replaceAll("_", "");
    if (/^0[xXoObB]|^\d+$/.test(digits)) {
      const exact = BigInt(digits);
      return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
    }
    return Number(digits);
  }

  private items(open: string, close: string): { readonly values: readonly InventoryValue[]; readonly commas: number } {
    this.take(open);
    const values: InventoryValue[] = [];
    let commas = 0;
    while (!this.take(close)) {
      if (values.length > commas) throw notALiteral;
      values.push(this.expression());
      if (this.take(",")) commas++;
    }
    return { values, commas };
  }

  private braces(): InventoryValue {
    this.take("{");
    const entries = new Map<string, InventoryValue>();
    const members: InventoryValue[] = [];
    let isDict: boolean | undefined;
    let needsComma = false;
    while (!this.take("}")) {
      if (needsComma) throw notALiteral;
      const key = this.expression();
      const hasValue = this.take(":");
      if (isDict !== undefined && isDict !== hasValue) throw notALiteral;
      isDict = hasValue;
      if (hasValue) {
        if (typeof key === "object" && key !== null) throw notALiteral;
        entries.set(String(key), this.expression());
      } else members.push(key);
      needsComma = !this.take(",");
    }
    return isDict === false ? members : Object.fromEntries(entries);
  }

  private strings(): string {
    let value = "";
    for (;;) {
      this.blanks();
      const start = /([rRuUbB]{0,2})(['"])/y;
      start.lastIndex = this.at;
      const match = start.exec(this.text);
      if (match === null) return value;
      this.at += match[0].length;
      value += this.string(match[2] ?? "'", /[rR]/.test(match[1] ?? ""));
    }
  }

  private string(quote: string, isRaw: boolean): string {
    let value = "";
    for (;;) {
      const c = this.text[this.at++];
      if (c === undefined) throw notALiteral;
      if (c === quote) return value;
      if (c !== "\\") value += c;
      else if (isRaw) value += c + (this.text[this.at++] ?? "");
      else value += this.escape();
    }
  }

  private escape(): string {
    const coded = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})/y;
    coded.lastIndex = this.at;
    const match = coded.exec(this.text);
    if (match !== null) {
      this.at += match[0].length;
      const hex = match[1] ?? match[2] ?? match[3];
      const code = hex === undefined ? Number.parseInt(match[4] ?? "0", 8) : Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw notALiteral;
      return String.fromCodePoint(code);
    }
    const c = this.text[this.at++];
    if (c === undefined || c === "x" || c === "u" || c === "U" || c === "N") throw notALiteral;
    return simpleEscapes[c] ?? `\\${c}`;
  }
}

function negated(value: number | bigint): number | bigint {
  return typeof value === "bigint" ? -value : value === 0 ? 0 : -value;
}

/** What Ansible makes of a value in an INI inventory: the Python literal it spells, else the text itself. */
export function parsePythonLiteral(text: string): InventoryValue {
  // Most values are bare words.
  if (/^[A-Za-z_][\w.-]*$/.test(text) && !/^(?:True|False|None)$/.test(text)) return text;
  try {
    return new Reader(text.replace(/^[ \t]+/, "")).parse();
  } catch (error) {
    if (error === notALiteral) return text;
    throw error;
  }
}
