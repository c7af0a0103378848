// A scenario of an etcd cluster as what is rehearsed: its declaration, and its world after the faults of the scenario.

import { inputError } from "../../model/errors";
import { type EtcdDeclaration, etcdDeclarationSchema } from "../../model/etcd-declaration";
import { createEtcdWorld } from "../etcd/create-etcd-world";
import type { EtcdWorld } from "../etcd/etcd-world";
import { injectEtcdFault } from "../etcd/inject-fault";
import { contentSum } from "../etcd/new-ids";
import { writeOnce } from "../etcd/raft";
import { durationSeconds, type Scenario, secondsUntil } from "../scenario";
import { type EtcdSubject, etcdSubject } from "./etcd-subject";
import { trueCluster, trueGroup } from "./truth";

/** What is rehearsed and where it begins. */
export interface RehearsalScene {
  readonly subject: EtcdSubject;
  readonly world: EtcdWorld;
}

/** Makes the scene of a scenario. @throws RecoveryError "input" for a topology without etcd or a fault on no node of it. */
export function sceneOf(scenario: Scenario): RehearsalScene {
  const { topology, declaration } = scenario;
  if (topology.kind !== "etcd")
    throw inputError(`the scenario ${scenario.name} has no etcd topology`, { hint: "`quorate drill` plays it" });
  const count = topology.members + topology.joining;
  const plain = declare(topology.runner, count);
  const healthy = createEtcdWorld({ etcd: plain, version: topology.version, joining: topology.joining });
  const backed = declaration.backupAge === undefined ? healthy : keepBackup(healthy, declaration.backupAge);
  const ordered = [...scenario.faults].sort(
    (a, b) => secondsUntil(a.at, scenario.startsAt) - secondsUntil(b.at, scenario.startsAt),
  );
  const world = ordered.reduce((next, { fault }) => {
    if (next.nodes[fault.node] === undefined)
      throw inputError(`the scenario ${scenario.name} has a fault on ${fault.node}, and no such node`, {
        hint: `its nodes are ${Object.keys(next.nodes).join(", ")}`,
      });
    return writeOnce(injectEtcdFault(next, fault));
  }, backed);
  const etcd = withRestore(plain, declaration.restore, world);
  const lastRevision = trueCluster(healthy)?.revision;
  return { subject: etcdSubject(etcd, { repairSeveral: declaration.repairSeveral, lastRevision }), world };
}

function declare(runner: string, count: number, restore?: object): EtcdDeclaration {
  const names = Array.from({ length: count }, (_, index) => `cp-${index}`);
  return etcdDeclarationSchema.parse({
    runner: { kind: runner },
    members: Object.fromEntries(
      names.map((name) => [name, { name, peerUrl: `https://${name}.lab:2380`, clientUrl: `https://${name}.lab:2379` }]),
    ),
    ...(restore === undefined ? {} : { restore }),
  });
}

/** A backup from before, and as many writes since as its age is worth: one a second at most a thousand. */
function keepBackup(world: EtcdWorld, age: string): EtcdWorld {
  const key = trueGroup(world);
  const revision = world.groups[key]?.revision ?? 0;
  const ageSeconds = durationSeconds(age);
  const taken = Math.max(1, revision - Math.min(ageSeconds, revision - 1));
  const sha256 = contentSum(`${key} ${taken} false`);
  const backup = { file: "backup.db", sha256, revision: taken, takenAtSeconds: world.timeSeconds - ageSeconds };
  return { ...world, backups: [...world.backups, backup] };
}

function withRestore(
  etcd: EtcdDeclaration,
  restore: Scenario["declaration"]["restore"],
  world: EtcdWorld,
): EtcdDeclaration {
  if (restore === undefined) return etcd;
  if (restore.source.kind === "survivor") return etcdDeclarationSchema.parse({ ...etcd, restore });
  const [backup] = world.backups;
  if (backup === undefined)
    throw inputError("the scenario restores from a backup, and none is kept", { hint: "set declaration.backupAge" });
  const { file, sha256, revision } = backup;
  const node = restore.source.node === undefined ? {} : { node: restore.source.node };
  return etcdDeclarationSchema.parse({
    ...etcd,
    restore: { name: restore.name, source: { kind: "snapshot", file, sha256, revision, ...node } },
  });
}
