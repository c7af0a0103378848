// What monit says on a BOSH instance itself. The director knows less: to it "not monitored - restart pending" is "unknown".

/** One monit process as seen on the instance. */
export interface MonitProcess {
  readonly name: string;
  /** monit's own words, such as "not monitored - restart pending". */
  readonly status: string;
  /** Does the job's directory below /var/vcap/jobs exist? */
  readonly hasJobDirectory: boolean;
  /** The executable that monit would run and that is not there; undefined when it is there. */
  readonly missingExecutable: string | undefined;
}

/** What was seen on an instance, or why nothing was seen. */
export type MonitObservation =
  | { readonly kind: "observed" /** Sorted by name. */; readonly processes: readonly MonitProcess[] }
  | { readonly kind: "unreachable"; readonly message: string };

/** Can monit start it: is everything there that its control script needs? */
export function isStartable(process: MonitProcess): boolean {
  return process.hasJobDirectory && process.missingExecutable === undefined;
}
