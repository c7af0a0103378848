// Why a call of etcd's tools failed, from what it printed. The texts are etcd's own, 3.3 to 3.6; anything else is "other",
// which no decision is built on.

import type { EtcdAnswer, EtcdCallFailure } from "../../model/etcd-observation";
import type { ToolOutput } from "./tool-output";

/** Answer of a call that brought none. */
export interface FailedCall {
  readonly kind: "failed";
  readonly failure: EtcdCallFailure;
  readonly message: string;
}

// In this order: a refused connection also says "context deadline exceeded", a bad certificate also "connection error".
const texts: readonly (readonly [EtcdCallFailure, RegExp])[] = [
  ["certificate", /x509:|tls: |certificate|private key|authentication handshake failed/i],
  // The store answered, after a quorum let it, that it does not trust its data.
  ["corrupt", /corrupt cluster/],
  ["learner", /rpc not supported for learner/],
  ["refused", /connection refused/],
  ["denied", /permission denied|authentication is not enabled|invalid auth token|user name is empty/],
  ["no-leader", /no leader|request timed out/],
  ["no-answer", /deadline exceeded|no route to host|network is unreachable|i\/o timeout|no such host|closing/],
];

/** Says why a call failed, or undefined when it did not. */
export function explainFailure(output: ToolOutput): FailedCall | undefined {
  if (output.timedOut) return failed("tool-hung", "etcdctl ran past its deadline");
  if (output.exitCode === 0) return undefined;
  const message = lastLine(output.stderr) || lastLine(output.stdout) || `exit code ${output.exitCode ?? "unknown"}`;
  if (output.exitCode === 127 || output.exitCode === 126) return failed("tool-missing", message);
  const text = `${output.stderr}\n${output.stdout}`;
  const found = texts.find(([, pattern]) => pattern.test(text));
  return failed(found?.[0] ?? "other", message);
}

/** The answer when a call succeeded and printed something that is not what it has to be. */
export function garbage(expected: string, output: ToolOutput): FailedCall {
  const excerpt = output.stdout.trim().slice(0, 120);
  return failed("garbage", `expected ${expected}, found ${JSON.stringify(excerpt)}`);
}

/** Reads a call: its failure, what the reader makes of its output, or garbage when the reader makes nothing of it. */
export function readCall<T>(
  output: ToolOutput | undefined,
  expected: string,
  read: (stdout: string) => T | undefined,
): EtcdAnswer<T> {
  if (output === undefined) return failed("not-asked", "the probe did not ask");
  const failure = explainFailure(output);
  if (failure !== undefined) return failure;
  const value = read(output.stdout);
  return value === undefined ? garbage(expected, output) : { kind: "seen", value };
}

function failed(failure: EtcdCallFailure, message: string): FailedCall {
  return { kind: "failed", failure, message: message.slice(0, 400) };
}

function lastLine(text: string): string {
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("{"))
      .at(-1) ?? ""
  );
}
