// What OpenSSH says when it cannot connect, and how far it got. Source: openssh sshconnect.c, sshconnect2.c, ssh.c, kex.c.

import type { UnreachableLevel } from "../../model/errors";

/** How far a connection got, and ssh's own words. */
export interface SshError {
  readonly level: UnreachableLevel;
  readonly words: string;
}

// The first that matches decides. Behind a jump host two processes write: the inner one's cause stands in front of the
// outer one's "Connection closed", hence the order from particular to general.
const patterns: readonly (readonly [UnreachableLevel, RegExp])[] = [
  [
    "host-key",
    /host key verification failed|remote host identification has changed|no .* host key is known for|no matching host key type/i,
  ],
  [
    "dns",
    /could not resolve hostname|name or service not known|temporary failure in name resolution|no address associated/i,
  ],
  [
    "auth",
    /permission denied|too many authentication failures|no supported authentication methods|bad configuration option|no such identity|load key .* (bad permissions|invalid format)|unprotected private key file/i,
  ],
  ["timeout", /timed out|timeout, server .* not responding/i],
  ["connect", /./],
];

/** Tells how far ssh got from what it wrote to standard error. */
export function classifySshError(stderr: string): SshError {
  const lines = stderr
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("@"));
  for (const [level, pattern] of patterns) {
    const words = lines.find((line) => pattern.test(line));
    if (words !== undefined) return { level, words: words.slice(0, 300) };
  }
  return { level: "connect", words: "ssh ended without a word" };
}
