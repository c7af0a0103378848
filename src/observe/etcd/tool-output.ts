// What one command of the probe printed. The adapters make it from a probe's sections; the parsers here read it.

/** The outcome of one command, with its two streams kept apart: etcdctl 3.4 answers on stderr what 3.5 answers on stdout. */
export interface ToolOutput {
  readonly stdout: string;
  /** Tail of standard error. */
  readonly stderr: string;
  /** undefined: it was killed. */
  readonly exitCode: number | undefined;
  /** It ran past its deadline. */
  readonly timedOut: boolean;
}
