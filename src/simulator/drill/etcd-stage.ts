// Where a drill of etcd is played: the world on its virtual clock, and the record of what happened to it.

import type { DrillEvent, DrillHealth, DrillResult, DrillStep } from "../../model/drill";
import { settle } from "../etcd/boot";
import { type EtcdWorld, memberData, worldNodes } from "../etcd/etcd-world";
import { writeOnce } from "../etcd/raft";
import { isOutOfReach, isQuorate, soundVoters, trueCluster } from "../rehearsal/truth";
import { quorumLine } from "./etcd-choices";
import { Timeline } from "./timeline";

/** See the head of this file. */
export class EtcdStage {
  readonly timeline = new Timeline();
  readonly steps: DrillStep[] = [];
  seconds = 0;
  /** The highest revision that was acknowledged until the last fault. */
  acknowledged = 0;
  worst: DrillResult["worst"] = [];

  constructor(public world: EtcdWorld) {
    this.note();
  }

  /** Adds an event that happens now. */
  say(event: Omit<DrillEvent, "atSeconds">): void {
    this.timeline.add({ ...event, atSeconds: this.seconds });
  }

  /** Notes down something that was done, begun now. */
  record(step: Omit<DrillStep, "atSeconds">): void {
    this.steps.push({ atSeconds: this.seconds, ...step });
  }

  /** Lets time pass. */
  wait(seconds: number): void {
    this.seconds += seconds;
    this.world = { ...this.world, timeSeconds: this.world.timeSeconds + seconds };
  }

  /** Lets happen what happens by itself, and has clients write. */
  goOn(world = this.world): void {
    this.world = writeOnce(settle(world));
    this.note();
  }

  /** What the faults so far have to answer for. */
  noteWorst(): void {
    this.acknowledged = Math.max(this.acknowledged, trueCluster(this.world)?.revision ?? 0);
    this.worst = this.places();
  }

  /** How the services and the members are. */
  status(): readonly { readonly name: string; readonly health: DrillHealth; readonly why: string }[] {
    return [
      { name: "writes", health: takesWrites(this.world) ? "up" : "down", why: quorumLine(this.world) },
      ...worldNodes(this.world).map((node) => ({ name: node.name, ...memberHealth(this.world, node.name) })),
    ];
  }

  /** The machines with the health of their members. */
  places(): DrillResult["places"] {
    const items = worldNodes(this.world).map(({ name }) => {
      const { health, why } = memberHealth(this.world, name);
      return { name, health, detail: why };
    });
    return [{ name: `etcd ${this.world.version} by ${this.world.runner}`, items }];
  }

  private note(): void {
    const members = worldNodes(this.world).map(({ name }) => ({ name, ...memberHealth(this.world, name) }));
    const isWhole = members.every(({ health }) => health === "up");
    const line = quorumLine(this.world);
    const rows: readonly { readonly name: string; readonly health: DrillHealth; readonly why: string }[] = [
      { name: "writes", health: takesWrites(this.world) ? "up" : "down", why: line },
      { name: "redundancy", health: isWhole ? "up" : "partial", why: line },
      ...members,
    ];
    for (const { name: service, health, why } of rows) {
      if (!this.timeline.note(service, this.seconds, health, why)) continue;
      const text = health === "up" ? `${service}: up` : `${service}: ${health}, ${why}`;
      this.say({ kind: "service", service, health, id: `${service}-${health}`, text, parameters: [] });
    }
  }
}

function takesWrites(world: EtcdWorld): boolean {
  const isAlarmed = trueCluster(world)?.alarms.some(({ alarm }) => alarm === "NOSPACE") === true;
  return isQuorate(world) && !isAlarmed;
}

function memberHealth(world: EtcdWorld, name: string): { readonly health: DrillHealth; readonly why: string } {
  const node = world.nodes[name];
  if (node === undefined || node.power === "off") return { health: "down", why: "no power" };
  if (isOutOfReach(node)) return { health: "down", why: "out of reach" };
  if (soundVoters(world).includes(name)) return { health: "up", why: "a healthy voter" };
  if (!node.isRunning)
    return { health: "down", why: node.exit ?? (node.isPaused ? "stopped and held" : "not running") };
  if (node.certificates !== "good") return { health: "down", why: `its certificates are ${node.certificates}` };
  const own = memberData(node);
  const cluster = trueCluster(world);
  const isLearner = cluster?.members.some((member) => member.id === own?.memberId && member.isLearner) === true;
  return { health: "partial", why: isLearner ? "a learner" : whyUnsound(world, own?.group, node.held !== undefined) };
}

function whyUnsound(world: EtcdWorld, group: string | undefined, isWiped: boolean): string {
  if (isWiped) return "it serves from files that are deleted";
  if (group !== undefined && world.groups[group]?.origin === "began-empty")
    return "it serves an empty cluster of its own";
  return isQuorate(world) ? "runs, but no sound voter of the cluster" : "runs, and finds no majority";
}
