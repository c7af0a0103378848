// A fault of real etcd, and what somebody does to the members of a loopback cluster to make one.

import { join } from "node:path";
import type { EtcdBlockerReason } from "../../src/model/etcd-plan";
import type { EtcdVerdictKind } from "../../src/model/etcd-verdict";
import type { LoopbackNodes } from "./loopback-nodes";

/** One row of the table. */
export interface RealFault {
  readonly name: string;
  make(nodes: LoopbackNodes): Promise<void> | void;
  readonly verdict: EtcdVerdictKind;
  /** Repaired: three healthy voters with every key. Otherwise the reason of the refusal, and nothing is changed. */
  readonly outcome: "repaired" | EtcdBlockerReason;
  /** Steps that are tried before it is refused, as far as needed. Default: none. */
  readonly tries?: readonly string[];
  /** Its opt-in. */
  readonly repairSeveral?: boolean;
  /** The revision that was recorded before. */
  readonly lastRevision?: number;
  readonly extraFlags?: string;
}

/** A path in the `member` directory of a node. */
export const memberFile = (nodes: LoopbackNodes, name: string, ...path: readonly string[]) =>
  join(nodes.data(name), "member", ...path);

/** Stops members and takes their data away. */
export async function wipeStopped(nodes: LoopbackNodes, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await nodes.stop(name);
    nodes.wipe(name);
  }
}

/** The id under which one member lists another. */
export function idOf(nodes: LoopbackNodes, name: string, through: string): string {
  const { peerUrl } = nodes.cluster.member(name);
  const found = nodes.members(through).find((member) => member.peerUrl === peerUrl);
  if (found === undefined) throw new Error(`${name} is not listed`);
  return found.id;
}

/** A change of the membership by hand; etcd refuses it for some seconds after the members found each other. */
export async function change(nodes: LoopbackNodes, through: string, ...words: readonly string[]): Promise<void> {
  let said = "";
  await nodes.cluster.until(`member ${words.join(" ")}`, () => {
    const done = nodes.cluster.etcdctl([through], "member", ...words);
    said = done.stderr;
    return done.exitCode === 0 || /already exists|not found/.test(said);
  });
}

/** Removes a member as an operator would. */
export const remove = (nodes: LoopbackNodes, name: string) =>
  change(nodes, "cp-1", "remove", idOf(nodes, name, "cp-1"));

/** The node of the leader. */
export function leaderOf(nodes: LoopbackNodes): string {
  const names = ["cp-0", "cp-1", "cp-2"];
  const leader = names.find((name) => {
    const { stdout } = nodes.cluster.etcdctl([name], "endpoint", "status", "-w", "json");
    const [, member] = /"member_id":([0-9]+)/.exec(stdout) ?? [];
    const [, lead] = /"leader":([0-9]+)/.exec(stdout) ?? [];
    return member !== undefined && member === lead;
  });
  if (leader === undefined) throw new Error("no leader");
  return leader;
}

/** Writes until the database is at its quota. */
export async function fill(nodes: LoopbackNodes, keyOf: (put: number) => string): Promise<void> {
  for (let put = 0; put < 80; put += 1)
    if (nodes.cluster.etcdctl(["cp-0"], "put", keyOf(put), "x".repeat(90_000)).exitCode !== 0) break;
  await nodes.cluster.until("the alarm is raised", () =>
    nodes.cluster.etcdctl(["cp-0"], "alarm", "list").stdout.includes("NOSPACE"),
  );
}

/** Fills the database with what no compaction drops: filled again each time that room was made. */
export async function fillWithLiveData(nodes: LoopbackNodes): Promise<void> {
  const all = ["cp-0", "cp-1", "cp-2"];
  for (let round = 0; round < 4; round += 1) {
    await fill(nodes, (put) => `big${round}-${put}`);
    if (round === 3) return;
    const revision = /"revision":([0-9]+)/.exec(
      nodes.cluster.etcdctl(["cp-0"], "get", "big", "-w", "json").stdout,
    )?.[1];
    for (const words of [["compact", String(revision)], ["defrag"], ["alarm", "disarm"]])
      nodes.cluster.etcdctl(all, ...words);
  }
}

/** Removes and wipes all but one. */
export async function shrinkToOne(nodes: LoopbackNodes): Promise<void> {
  for (const name of ["cp-0", "cp-2"]) {
    await remove(nodes, name);
    await wipeStopped(nodes, name);
  }
}

/** Stops all three, as after a power cut of which the disks know nothing. */
export async function stopAll(nodes: LoopbackNodes): Promise<void> {
  for (const name of ["cp-0", "cp-1", "cp-2"]) await nodes.stop(name);
}
