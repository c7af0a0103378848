// Options of ssh as inventories carry them in `ansible_ssh_common_args`: those that say where a host is are followed.

import { isAbsolute, join } from "node:path";

/** What the options say about the way to a host. */
export interface SshWay {
  readonly configFile?: string | undefined;
  readonly jumpHost?: string | undefined;
  readonly identityFile?: string | undefined;
  readonly user?: string | undefined;
  readonly port?: string | undefined;
}

type Way = { -readonly [K in keyof SshWay]: SshWay[K] };

/** Letter of ssh -> what it sets. Source: ssh(1). */
const letters: Readonly<Record<string, keyof SshWay>> = {
  F: "configFile",
  J: "jumpHost",
  i: "identityFile",
  l: "user",
  p: "port",
};

const settings: Readonly<Record<string, keyof SshWay>> = {
  proxyjump: "jumpHost",
  identityfile: "identityFile",
  user: "user",
  port: "port",
};

/** Letters of ssh that take a value and are not followed. */
const valued = "BbcDEeIkLmOoPQRSWw";

/** Settings that are the same for every connection of ours, or harmless to leave out. */
const covered = /^(?:controlmaster|controlpersist|controlpath|connecttimeout|serveralive\w+|compression|loglevel)$/;

/** Reads options; `ignored` are those that would matter and are not followed. */
export function readSshArguments(
  text: string,
  baseFolder: string,
): { readonly options: SshWay; readonly ignored: readonly string[] } {
  const way: Way = {};
  const ignored: string[] = [];
  const set = (name: keyof SshWay, value: string): void => {
    const isFile = name === "configFile" || name === "identityFile";
    way[name] = isFile && !isAbsolute(value) && !value.startsWith("~") ? join(baseFolder, value) : value;
  };
  const words = shellWords(text);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const letter = /^-([A-Za-z])(.*)$/s.exec(word);
    const [, name = "", rest = ""] = letter ?? [];
    const takesValue = letters[name] !== undefined || valued.includes(name);
    if (letter === null || !takesValue) {
      ignored.push(word);
      continue;
    }
    const value = rest === "" ? (words[++at] ?? "") : rest;
    const target = letters[name];
    if (target !== undefined) set(target, value);
    else if (name === "o") readSetting(value, set, ignored);
    else ignored.push(`-${name} ${value}`);
  }
  return { options: way, ignored };
}

function readSetting(text: string, set: (name: keyof SshWay, value: string) => void, ignored: string[]): void {
  const [, name = "", value = ""] = /^\s*(\w+)\s*[= ]\s*(.*)$/s.exec(text) ?? [];
  const target = settings[name.toLowerCase()];
  if (target !== undefined) set(target, value.replace(/^"(.*)"$/s, "$1"));
  else if (!covered.test(name.toLowerCase())) ignored.push(`-o ${text}`);
}

/** Splits as a shell does, without expansions. */
function shellWords(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs) ?? [];
  return words.map((word) =>
    word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_all, escaped, double, single) =>
      String(escaped ?? single ?? String(double).replace(/\\(.)/gs, "$1")),
    ),
  );
}
