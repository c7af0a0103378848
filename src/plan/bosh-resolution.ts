// Which answer to give to which problem of a scan. Names are matched with what the director offers for that very problem:
// the bosh CLI's --resolution silently skips a problem that does not offer the name.
import { type InstanceRef, isSameInstance } from "../model/bosh";
import { type BoshProblem, type ProblemAnswer, problemInstance } from "../model/bosh-problem";
import type { ProblemTarget, ResolutionPreference } from "../model/bosh-step";

/** Old directors call the third one by its other name. */
export const recreateNames = ["recreate_vm", "recreate_vm_without_wait", "recreate_vm_skip_post_start"] as const;

/** First try: a reboot keeps the VM and its ephemeral disk. A missing VM has nothing to reboot. */
export const rebootFirst: readonly ResolutionPreference[] = [
  { type: "unresponsive_agent", names: ["reboot_vm"] },
  { type: "missing_vm", names: recreateNames },
];

/** Second try: a new VM. */
export const recreateFirst: readonly ResolutionPreference[] = [
  { type: "unresponsive_agent", names: recreateNames },
  { type: "missing_vm", names: recreateNames },
];

/** A disk that is not mounted where it belongs is put back; no disk is ever given up. */
export const reattachDisk: readonly ResolutionPreference[] = [
  { type: "mount_info_mismatch", names: ["reattach_disk", "reattach_disk_and_reboot"] },
];

/** The answers to one scan, and the wishes that the scan does not bear out. */
export interface ChosenAnswers {
  /** One for each problem of the scan, "ignore" for those that are not ours, by id. */
  readonly answers: readonly ProblemAnswer[];
  /** Targets that got no answer, with the reason. */
  readonly unanswered: readonly UnansweredTarget[];
}

/** A target without an answer. */
export interface UnansweredTarget {
  readonly instance: InstanceRef;
  /** The agent is back; the director offers none of the names; another of its quorum group comes first. */
  readonly why: "no-problem" | "not-offered" | "one-of-group";
}

/** Chooses answers for a fresh scan. Every problem gets one by name; none is left to the director's own choice. */
export function chooseAnswers(
  problems: readonly BoshProblem[],
  targets: readonly ProblemTarget[],
  oneOfGroups: readonly string[],
): ChosenAnswers {
  const unanswered: UnansweredTarget[] = [];
  const chosen = new Map<number, string>();
  const takenGroups = new Set<string>();
  for (const { instance, preferences } of targets) {
    const own = problems.filter((problem) => {
      const subject = problemInstance(problem);
      return subject !== undefined && isSameInstance(subject, instance);
    });
    const wanted = own.filter(({ type }) => preferences.some((preference) => preference.type === type));
    const isTaken = takenGroups.has(instance.group);
    if (wanted.length === 0 || isTaken) {
      unanswered.push({ instance, why: isTaken ? "one-of-group" : "no-problem" });
      continue;
    }
    if (oneOfGroups.includes(instance.group)) takenGroups.add(instance.group);
    for (const problem of wanted) {
      const name = chooseResolution(problem, preferences);
      if (name === undefined) unanswered.push({ instance, why: "not-offered" });
      else chosen.set(problem.id, name);
    }
  }
  const answers = [...problems]
    .sort((a, b) => a.id - b.id)
    .map(({ id }) => ({ problemId: id, resolution: chosen.get(id) ?? "ignore" }));
  return { answers, unanswered };
}

/** The first preferred name that the director offers for this problem; undefined when it offers none. */
export function chooseResolution(
  problem: BoshProblem,
  preferences: readonly ResolutionPreference[],
): string | undefined {
  const names = preferences.find(({ type }) => type === problem.type)?.names ?? [];
  return names.find((name) => problem.resolutions.some((offered) => offered.name === name));
}
