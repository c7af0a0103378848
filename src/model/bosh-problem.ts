// Problems that a director's cloud check finds, and the answers it offers for each.
import type { InstanceRef } from "./bosh";

/** One answer that the director offers for a problem. */
export interface Resolution {
  /** The director's own name for it; names differ between releases, so they are matched, never invented. */
  readonly name: string;
  /** What it does, in the director's words. */
  readonly plan: string;
}

/** What kind of trouble a scan found. */
export type ProblemType =
  | "unresponsive_agent"
  | "missing_vm"
  | "missing_disk"
  | "inactive_disk"
  | "mount_info_mismatch"
  | "invalid_problem";

/** One open problem. */
export interface BoshProblem {
  /** Valid until the next scan only: each scan closes all open problems and numbers them anew. */
  readonly id: number;
  readonly type: ProblemType | (string & {});
  readonly description: string;
  readonly resolutions: readonly Resolution[];
  /** Undefined before director 277.4 or so. */
  readonly group: string | undefined;
}

/** The answer chosen for one problem. */
export interface ProblemAnswer {
  readonly problemId: number;
  /** Name of one of the problem's resolutions. */
  readonly resolution: string;
}

/** The instance that a problem's description names ("master/UUID (2)"); undefined when it names none. */
export function problemInstance(problem: BoshProblem): InstanceRef | undefined {
  const match = /([A-Za-z0-9][A-Za-z0-9_.-]*)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.exec(problem.description);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { group: match[1], id: match[2] };
}
