// The simulated side of the contract of etcd's behaviour.

import { etcdDeclarationSchema } from "../../../src/model/etcd-declaration";
import { isSameId } from "../../../src/model/etcd-member-id";
import { settleMember } from "../../../src/model/etcd-settings";
import { bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";
import { settle } from "../../../src/simulator/etcd/boot";
import { changeMembership, type RequestStep } from "../../../src/simulator/etcd/change-membership";
import { createEtcdWorld } from "../../../src/simulator/etcd/create-etcd-world";
import { changeNode, type EtcdWorld, memberData, worldNode } from "../../../src/simulator/etcd/etcd-world";
import { injectEtcdFault } from "../../../src/simulator/etcd/inject-fault";
import { observeEtcdWorld } from "../../../src/simulator/etcd/observe-etcd";
import { hasQuorum, quorumNodes } from "../../../src/simulator/etcd/raft";
import { type EtcdSide, type MemberFacts, refusalOf, type StartOptions } from "./side";

/** A simulated cluster in which nothing supervises: what ends stays ended until it is started. */
export class SimulatedSide implements EtcdSide {
  private world: EtcdWorld;
  private readonly firstCluster: string;
  private readonly declared;

  /** `begun`: the members that began the cluster together; the others are not members. */
  constructor(
    readonly names: readonly string[],
    version: string,
    begun: readonly string[] = names,
  ) {
    this.declared = etcdDeclarationSchema.parse({
      runner: { kind: "systemd" },
      members: Object.fromEntries(
        names.map((name) => [name, { name, peerUrl: this.url(name), clientUrl: `http://${name}:2379` }]),
      ),
    });
    const world = createEtcdWorld({ etcd: this.declared, version, joining: names.length - begun.length });
    this.world = names.reduce((next, name) => changeNode(next, name, { isPaused: true }), world);
    this.firstCluster = Object.values(world.groups)[0]?.clusterId ?? "";
  }

  start(name: string, { state, cluster }: StartOptions): void {
    const definition = {
      state: "in-place" as const,
      cluster: cluster.map((member) => ({ name: member, peerUrl: this.url(member) })),
      clusterState: state,
      token: "etcd-cluster",
    };
    this.world = settle(changeNode(this.world, name, { definition, isPaused: false }));
    this.world = changeNode(this.world, name, { isPaused: true });
  }

  async stop(name: string): Promise<void> {
    this.world = injectEtcdFault(this.world, { kind: "etcd-killed", node: name });
  }

  wipe(name: string): void {
    this.world = injectEtcdFault(this.world, { kind: "etcd-data-wiped", node: name });
  }

  write(through: string): string {
    const data = memberData(worldNode(this.world, through));
    if (data === undefined || !worldNode(this.world, through).isRunning) return "connection refused";
    return hasQuorum(this.world, data.group) ? "done" : "request timed out";
  }

  add(through: string, name: string, isLearner: boolean): string {
    return this.request(through, {
      kind: "etcdAddMember",
      ...this.base(through),
      memberName: name,
      peerUrl: this.url(name),
      isLearner,
    });
  }

  remove(through: string, name: string): string {
    return this.request(through, {
      kind: "etcdRemoveMember",
      ...this.base(through),
      memberId: this.idOf(through, name),
      memberName: name,
    });
  }

  promote(through: string, name: string): string {
    return this.request(through, {
      kind: "etcdPromoteMember",
      ...this.base(through),
      memberId: this.idOf(through, name),
      promotedClientUrl: `http://${name}:2379`,
    });
  }

  moveLeader(to: string): string {
    const leader = this.leader();
    return this.request(leader, { kind: "etcdMoveLeader", ...this.base(leader), toMemberId: this.idOf(leader, to) });
  }

  leader(): string {
    for (const [key, group] of Object.entries(this.world.groups)) {
      const found = quorumNodes(this.world, key).find((node) => isSameId(memberData(node)?.memberId, group.leader));
      if (found !== undefined && group.clusterId === this.firstCluster) return found.name;
    }
    throw new Error("no leader");
  }

  async facts(name: string): Promise<MemberFacts> {
    const view = observeEtcdWorld(this.world).find((one) => one.node === name);
    if (view?.kind !== "observed" || view.etcd.status.kind !== "seen") return { runs: false };
    const { status, members, read, keyCount } = view.etcd;
    return {
      runs: true,
      cluster: status.value.clusterId === this.firstCluster ? "first" : "second",
      hasLeader: status.value.leaderId !== undefined,
      isLearner: status.value.isLearner,
      list:
        members.kind === "seen"
          ? members.value
              .map((member) => `${member.name === "" ? "?" : member.name}${member.isLearner ? " (learner)" : ""}`)
              .sort()
              .join()
          : members.failure,
      reads: read.kind === "seen",
      hasKeys: keyCount.kind === "seen" && keyCount.value > 0,
    };
  }

  async close(): Promise<void> {}

  private request(through: string, step: RequestStep): string {
    const effect = step.kind === "etcdPromoteMember" ? "promoteEtcdMember" : "addEtcdMember";
    const result = changeMembership(this.world, worldNode(this.world, through), step, effect);
    this.world = settle(result.world);
    return result.refusal === undefined ? "done" : refusalOf(result.refusal);
  }

  private base(node: string) {
    const at = settleMember(this.declared, node);
    if (at === undefined) throw new Error(`no member ${node}`);
    return { node, subject: node, reason: "contract", at };
  }

  private idOf(through: string, name: string) {
    const data = memberData(worldNode(this.world, through));
    const group = this.world.groups[data?.group ?? ""];
    const entry = group?.members.find((member) => member.peerUrls.includes(this.url(name)));
    return entry?.id ?? bootstrapMemberId(this.url(name), "nobody");
  }

  private url(name: string): string {
    return `http://${name}:2380`;
  }
}
