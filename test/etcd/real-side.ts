// The real side of the contract of etcd's behaviour: processes on loopback, asked with the real etcdctl.

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isSameId, type MemberId } from "../../src/model/etcd-member-id";
import {
  parseEndpointStatus,
  parseKeyCount,
  parseLinearizableRead,
  parseMemberList,
} from "../../src/observe/etcd/endpoint";
import { type EtcdSide, type MemberFacts, refusalOf, type StartOptions } from "../simulator/etcd/side";
import { type EtcdBinaries, LoopbackCluster } from "./loopback-cluster";

/** A real cluster on loopback. */
export class RealSide implements EtcdSide {
  private readonly ids = new Map<string, string>();
  private ledTerm: string | undefined;

  private constructor(
    private readonly cluster: LoopbackCluster,
    readonly names: readonly string[],
    private firstCluster: MemberId | undefined,
  ) {}

  /** Starts the members that begin together and writes keys. */
  static async begin(
    binaries: EtcdBinaries,
    names: readonly string[],
    begun: readonly string[] = names,
  ): Promise<RealSide> {
    const cluster = await LoopbackCluster.create(binaries, names);
    const side = new RealSide(cluster, names, undefined);
    for (const name of begun) side.start(name, { state: "new", cluster: begun });
    await cluster.untilServing(begun);
    const [first] = begun;
    if (first === undefined) throw new Error("nobody begins");
    for (let key = 0; key < 5; key += 1) cluster.etcdctl([first], "put", `key${key}`, "value");
    const status = parseEndpointStatus(await cluster.ask(first, "endpoint", "status", "-w", "json"));
    side.firstCluster = status.kind === "seen" ? status.value.clusterId : undefined;
    return side;
  }

  start(name: string, { state, cluster }: StartOptions): void {
    this.cluster.start(name, { state, cluster: this.cluster.initialCluster(cluster), token: "etcd-cluster" });
  }

  stop(name: string): Promise<void> {
    return this.cluster.stop(name);
  }

  wipe(name: string): void {
    const { dataDirectory } = this.cluster.member(name);
    for (const file of readdirSync(dataDirectory)) rmSync(join(dataDirectory, file), { recursive: true });
  }

  write(through: string): string {
    // An election may be under way.
    const endMs = Date.now() + 5000;
    for (;;) {
      const answer = this.said(this.cluster.etcdctl([through], "put", "more", "value"));
      if (answer === "done" || Date.now() > endMs) return answer;
    }
  }

  add(through: string, name: string, isLearner: boolean): string {
    this.awaitElection(through);
    const url = this.cluster.member(name).peerUrl;
    const words = ["member", "add", name, `--peer-urls=${url}`, ...(isLearner ? ["--learner"] : [])];
    // Voters have to be connected for 5 s before anybody is added. Source: etcd server HealthInterval.
    const endMs = Date.now() + 8000;
    for (;;) {
      const output = this.cluster.etcdctl([through], ...words);
      const id = /Member +([0-9a-f]+) added/.exec(output.stdout)?.[1];
      if (id !== undefined) this.ids.set(url, id);
      const answer = this.said(output);
      if (answer !== "unhealthy cluster" || Date.now() > endMs) return answer;
    }
  }

  remove(through: string, name: string): string {
    this.awaitElection(through);
    return this.said(this.cluster.etcdctl([through], "member", "remove", this.idOf(through, name)));
  }

  promote(through: string, name: string): string {
    this.awaitElection(through);
    return this.said(this.cluster.etcdctl([through], "member", "promote", this.idOf(through, name)));
  }

  moveLeader(to: string): string {
    const leader = this.leader();
    const said = this.said(this.cluster.etcdctl([leader], "move-leader", this.idOf(leader, to)));
    this.ledTerm = this.term(to);
    return said;
  }

  /** Has another leader been elected since somebody last asked who leads, or had one chosen? */
  hasLeaderMoved(): boolean {
    const [through = ""] = this.names;
    return this.term(through) !== this.ledTerm;
  }

  private term(name: string): string | undefined {
    const status = parseEndpointStatus(this.cluster.etcdctl([name], "endpoint", "status", "-w", "json"));
    return status.kind === "seen" ? String(status.value.raftTerm) : undefined;
  }

  leader(): string {
    for (const name of this.names) {
      if (!this.cluster.isRunning(name)) continue;
      const output = this.cluster.etcdctl([name], "endpoint", "status", "-w", "json");
      const status = parseEndpointStatus(output);
      if (status.kind !== "seen" || !isSameId(status.value.leaderId, status.value.memberId)) continue;
      this.ledTerm = String(status.value.raftTerm);
      return name;
    }
    throw new Error("no leader");
  }

  async facts(name: string): Promise<MemberFacts> {
    if (!this.cluster.isRunning(name)) return { runs: false };
    const ask = (...words: readonly string[]) => this.cluster.ask(name, ...words, "-w", "json");
    const status = parseEndpointStatus(await ask("endpoint", "status"));
    if (status.kind !== "seen") return { runs: false };
    const [members, read, keys] = [
      parseMemberList(await ask("member", "list")),
      parseLinearizableRead(await ask("get", "key0", "--keys-only")),
      parseKeyCount(await ask("get", "", "--from-key", "--limit=1", "--keys-only", "--consistency=s")),
    ];
    return {
      runs: true,
      cluster: isSameId(status.value.clusterId, this.firstCluster) ? "first" : "second",
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
      hasKeys: keys.kind === "seen" && keys.value > 0,
    };
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  // What is asked for while an election is under way is lost with the old leader, and times out.
  private awaitElection(through: string): void {
    const endMs = Date.now() + 5000;
    while (this.cluster.etcdctl([through], "get", "key0").exitCode !== 0 && Date.now() < endMs);
  }

  private said(output: { readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }) {
    return output.exitCode === 0 ? "done" : refusalOf(`${output.stdout}\n${output.stderr}`);
  }

  private idOf(through: string, name: string): string {
    const list = parseMemberList(this.cluster.etcdctl([through], "member", "list", "-w", "json"));
    const url = this.cluster.member(name).peerUrl;
    // From 3.5 on there is no list without a quorum: what was listed before still holds.
    if (list.kind === "seen") for (const member of list.value) this.ids.set(member.peerUrls[0] ?? "", member.id);
    return this.ids.get(url) ?? "1";
  }
}
