// A host entry of an inventory: `node[01:20:2].example.org:2222` stands for ten hosts with a port.
// Source: ansible-core lib/ansible/parsing/utils/addresses.py and lib/ansible/plugins/inventory/__init__.py.

/** Hosts a range may stand for. Kubernetes ends at 5,000 nodes; more than this is a typing error that would eat the memory. */
export const rangeHostsMax = 100_000;

/** What a host entry stands for. */
export type HostPattern =
  | { readonly kind: "hosts"; readonly names: readonly string[]; readonly port: number | undefined }
  | { readonly kind: "invalid"; readonly reason: string };

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const range = String.raw`\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`;
const label = String.raw`(?:[\p{L}\p{N}_]|${range})(?:[\p{L}\p{N}_-]|${range})*(?<![_-])`;
const hostnamePattern = new RegExp(`^${label}(?:\\.${label})*\\.?$`, "iu");
const addressPattern = /^[0-9a-f:.]+$/i;

/** Which hosts does one entry name? */
export function parseHostPattern(text: string): HostPattern {
  if (text === "---") return { kind: "invalid", reason: "'---' starts a YAML file, and this is read as INI" };
  const { pattern, port } = splitPort(text);
  if (port === undefined && text.endsWith(":")) {
    return { kind: "invalid", reason: `the host '${text}' ends in ':', which Ansible keeps for a port` };
  }
  if (!pattern.includes("[")) return { kind: "hosts", names: [pattern], port };
  const names: string[] = [];
  const reason = expandRange(pattern, names);
  return reason === undefined ? { kind: "hosts", names, port } : { kind: "invalid", reason };
}

function splitPort(text: string): { readonly pattern: string; readonly port: number | undefined } {
  const match = /^\[(.+)\]:([0-9]+)$/.exec(text) ?? /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/.exec(text);
  const host = match?.[1];
  // A port is split off only from something that is a host name or an address; any other entry is taken as it stands.
  if (host !== undefined && (hostnamePattern.test(host) || addressPattern.test(host))) {
    return { pattern: host, port: Number(match?.[2]) };
  }
  return { pattern: text, port: undefined };
}

function expandRange(pattern: string, into: string[]): string | undefined {
  const open = pattern.indexOf("[");
  const close = pattern.indexOf("]", open);
  if (open < 0) {
    into.push(pattern);
    return into.length > rangeHostsMax ? `the range stands for more than ${rangeHostsMax} hosts` : undefined;
  }
  if (close < 0) return `the range in '${pattern}' has no ']'`;
  const steps = rangeSteps(pattern.slice(open + 1, close));
  if (typeof steps === "string") return `the range in '${pattern}' ${steps}`;
  for (const step of steps) {
    const reason = expandRange(pattern.slice(0, open) + step + pattern.slice(close + 1), into);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function rangeSteps(inner: string): readonly string[] | string {
  const [first, last, stepText = "1", ...rest] = inner.split(":");
  const begin = first === "" ? "0" : (first ?? "0");
  if (last === undefined || rest.length > 0) return "must be begin:end or begin:end:step";
  if (last === "") return "has no end";
  const step = Number(stepText);
  if (!/^\d+$/.test(stepText) || step < 1) return `has the step '${stepText}', which is not a positive number`;
  const isPadded = begin.length > 1 && begin.startsWith("0");
  if (isPadded && begin.length !== last.length) return "must have a begin and an end of the same length";
  const [from, to] = [letters.indexOf(begin), letters.indexOf(last)];
  if (begin.length === 1 && last.length === 1 && from >= 0 && to >= 0) {
    if (from > to) return "must have begin <= end";
    return [...letters.slice(from, to + 1)].filter((_, index) => index % step === 0);
  }
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(last)) return "must go from number to number or from letter to letter";
  const [low, high] = [Number(begin), Number(last)];
  if (low > high) return "must have begin <= end";
  const count = Math.floor((high - low) / step) + 1;
  if (count > rangeHostsMax) return `stands for more than ${rangeHostsMax} hosts`;
  return Array.from({ length: count }, (_, index) =>
    String(low + index * step).padStart(isPadded ? begin.length : 1, "0"),
  );
}
