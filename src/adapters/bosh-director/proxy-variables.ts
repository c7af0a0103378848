// Would the `bosh` CLI go to this host through a proxy? Quorate goes directly, so it has to say when that is not what the
// operator's environment asks for. Source: golang.org/x/net/http/httpproxy, which the CLI reads these variables by.
import { BlockList, isIP } from "node:net";

/** The variable that names a proxy for the host; undefined when none does or NO_PROXY excepts it. */
export function proxyVariableFor(
  variables: Readonly<Record<string, string | undefined>>,
  host: string,
  port: number,
): string | undefined {
  const name = ["HTTPS_PROXY", "https_proxy"].find((key) => (variables[key] ?? "").trim() !== "");
  if (name === undefined || isLoopback(host)) return undefined;
  const exceptions = (variables.NO_PROXY || variables.no_proxy || "").split(",").map((entry) => entry.trim());
  return exceptions.some((entry) => doesExcept(entry.toLowerCase(), host.toLowerCase(), port)) ? undefined : name;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function doesExcept(entry: string, host: string, port: number): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  const range = /^([\d.]+)\/(\d+)$/.exec(entry);
  if (range?.[1] !== undefined) {
    if (isIP(host) !== 4 || isIP(range[1]) !== 4 || Number(range[2]) > 32) return false;
    const list = new BlockList();
    list.addSubnet(range[1], Number(range[2]));
    return list.check(host);
  }
  const withPort = /^(.*):(\d+)$/.exec(entry);
  const name = isIP(entry) === 6 ? entry : (withPort?.[1] ?? entry);
  if (name !== entry && Number(withPort?.[2]) !== port) return false;
  const domain = name.replace(/^\*?\./, "");
  const isSubdomain = isIP(domain) === 0 && host.endsWith(`.${domain}`);
  // "example.org" means the domain and all below it, ".example.org" only what is below it.
  return isSubdomain || (domain === name && host === domain);
}
