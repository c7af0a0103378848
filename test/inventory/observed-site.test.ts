import { expect } from "chai";
import { planeOfSite, type SiteAccess } from "../../src/inventory/observed-plane";
import { judgeObservedSite } from "../../src/inventory/observed-site";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { deriveRecovery } from "../../src/inventory/recovery";
import type { RecoveryRequest, RecoveryResult } from "../../src/model/inventory-recovery";
import { type NodeObservation, type ObservedNode, seen, unknown } from "../../src/model/node-observation";
import { bootstrapClusterId } from "../../src/plan/etcd/cluster-id";
import * as builders from "../builders";
import {
  type Change,
  change,
  fields,
  healthyViews,
  leaderless,
  lose,
  type Membership,
  membership,
  nodeNames,
  peerUrl,
  silent,
  status,
  voterEtcd,
  wiped,
} from "../plan/etcd/builders";
import { treeOfTag } from "./trees";

const version = treeOfTag("v2.30.0");
const access: SiteAccess = { baseFolder: "/site" };
const hosts = nodeNames(3);
const inventory = (lines: readonly string[]) => ({
  inventory: parseIniInventory("hosts.ini", `${lines.join("\n")}\n`),
  variablesFiles: [],
  extraVars: [],
});
const site = inventory([
  "[kube_control_plane]",
  ...hosts.map((host) => `${host} ip=${host}.lab etcd_member_name=${host}`),
  "[etcd]",
  ...hosts,
]);
const plane = planeOfSite(site, version, access);
const pods = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((name) => builders.pod(name));

/** Observations of all hosts: what is seen of each etcd, beside static pods that all run. */
function observe(
  views: ReturnType<typeof healthyViews>,
  changed: Readonly<Record<string, Partial<ObservedNode>>> = {},
): readonly NodeObservation[] {
  return views.map((view) => {
    if (view.kind === "unreachable") return builders.unreachableNode(view.node);
    const etcd = view.kind === "observed" ? { etcd: seen(view.etcd) } : {};
    return builders.observed(view.node, pods, { ...etcd, ...changed[view.node] });
  });
}

const cluster = membership(hosts);
const healthy = healthyViews(cluster, hosts);
const without = (...names: readonly string[]) =>
  seen(pods.flatMap((pod) => (names.includes((pod.metadata as { name: string }).name) ? [] : [manifestOf(pod)])));

function manifestOf(pod: (typeof pods)[number]) {
  return builders.file(`${(pod.metadata as { name: string }).name}.yaml`, pod);
}

function derive(observations: readonly NodeObservation[], request: Partial<RecoveryRequest> = {}): RecoveryResult {
  const whole: RecoveryRequest = {
    replacements: [],
    source: { kind: "none" },
    flavor: "kubespray",
    tree: version,
    inventoryAs: "out/hosts.ini",
    recoveryVarsAs: "out/recovery-vars.yml",
    withFollowUp: false,
    ...request,
  };
  return deriveRecovery(site, whole, judgeObservedSite(plane, observations).facts);
}

function codes(result: RecoveryResult): readonly string[] {
  return result.kind === "refused" ? result.violations.map(({ code }) => code) : [];
}

describe("judgeObservedSite", () => {
  it("finds nothing broken where every member votes and every static pod runs", () => {
    const { facts, summary } = judgeObservedSite(plane, observe(healthy));
    expect(facts.verdict).to.equal("healthy");
    expect(summary).to.contain("3 of 3 voters agree");
    expect(facts.hosts.every((host) => host.isHealthyVoter && host.isControlPlaneBroken === false)).to.equal(true);
    expect(codes(derive(observe(healthy)))).to.deep.equal(["nothing-broken"]);
  });

  it("takes a wiped member and a missing manifest for broken, each on its host, and derives the recovery from both", () => {
    const observations = observe(change(healthy, "cp-1", wiped), { "cp-2": { manifests: without("kube-scheduler") } });
    const { facts, evidence } = judgeObservedSite(plane, observations);
    expect(facts.verdict).to.equal("minority-lost");
    expect(facts.hosts.map((host) => [host.isHealthyVoter, host.isControlPlaneBroken])).to.deep.equal([
      [true, false],
      [false, false],
      [true, true],
    ]);
    expect(evidence.join("\n")).to.contain("cp-2: there is no usable manifest of kube-scheduler");
    const result = derive(observations);
    if (result.kind === "refused") throw new Error(result.violations[0]?.message);
    const written = result.files.find((file) => file.path === "hosts.ini")?.text ?? "";
    expect(written).to.contain("[broken_etcd]\ncp-1\n").and.to.contain("[broken_kube_control_plane]\ncp-2\n");
  });

  const planes: readonly {
    readonly name: string;
    readonly change: Partial<ObservedNode>;
    readonly isBroken: boolean | undefined;
    readonly answers: boolean | undefined;
  }[] = [
    {
      name: "a manifest that is no Pod",
      change: {
        manifests: seen([
          builders.file("kube-apiserver.yaml", { kind: "not-yaml", reason: "line 3" }),
          ...pods.slice(1).map(manifestOf),
        ]),
      },
      isBroken: true,
      answers: false,
    },
    {
      name: "a pod that does not run",
      change: {
        containers: seen({
          source: "crictl",
          skipped: [],
          containers: [
            builders.container("cp-1", "kube-apiserver", { state: "exited" }),
            builders.container("cp-1", "kube-controller-manager"),
            builders.container("cp-1", "kube-scheduler"),
          ],
        }),
      },
      isBroken: true,
      answers: false,
    },
    {
      name: "a kubelet that is stopped",
      change: { services: seen([builders.service("kubelet", { state: "stopped" })]) },
      isBroken: true,
      answers: true,
    },
    {
      name: "a runtime that cannot be asked",
      change: { containers: unknown("no answer") },
      isBroken: false,
      answers: undefined,
    },
    {
      name: "manifests that cannot be read",
      change: { manifests: unknown("permission denied") },
      isBroken: undefined,
      answers: undefined,
    },
  ];
  for (const { name, change: changed, isBroken, answers } of planes) {
    it(`sees ${name} as ${isBroken === undefined ? "unknown" : isBroken ? "broken" : "whole"}`, () => {
      const { facts } = judgeObservedSite(plane, observe(healthy, { "cp-1": changed }));
      const host = facts.hosts.find((entry) => entry.host === "cp-1");
      expect([host?.isControlPlaneBroken, host?.apiServerAnswers]).to.deep.equal([isBroken, answers]);
    });
  }

  it("does not blame a control plane whose API server ended because the quorum is lost", () => {
    const views = change(change(change(healthy, "cp-0", wiped), "cp-1", wiped), "cp-2", leaderless);
    const dead = seen({ source: "crictl" as const, skipped: [], containers: [] });
    const { facts } = judgeObservedSite(plane, observe(views, { "cp-2": { containers: dead } }));
    expect(facts.verdict).to.equal("quorum-lost");
    expect(facts.hosts.map((host) => host.isControlPlaneBroken)).to.deep.equal([false, false, false]);
  });

  it("takes a node that came back without data and certificates for empty, and one that only lost certificates for what it is", () => {
    const missing = (["ca", "server", "client"] as const).map((role) => ({
      role,
      path: `/etc/ssl/etcd/ssl/${role}.pem`,
      state: "missing" as const,
      names: [],
    }));
    const refused = silent("certificate", "no such file");
    const isNew = change(healthy, "cp-1", wiped, refused, fields({ certificates: missing }));
    const { facts } = judgeObservedSite(plane, observe(isNew));
    expect(facts.verdict).to.equal("minority-lost");
    expect(facts.hosts[1]).to.deep.include({ isHealthyVoter: false, hasCaKey: false });
    const hasData = change(healthy, "cp-1", refused, fields({ certificates: missing }));
    expect(judgeObservedSite(plane, observe(hasData)).facts.verdict).to.equal("certificates");
    expect(codes(derive(observe(hasData)))).to.include("verdict");
  });

  it("refuses a host that cannot be reached until it is named, and takes it for broken then", () => {
    const observations = observe(lose(healthy, "cp-1"));
    expect(codes(derive(observations))).to.deep.equal(["unreachable-not-named", "unreachable-not-named"]);
    expect(derive(observations, { brokenEtcd: ["cp-1"], brokenControlPlane: ["cp-1"] }).kind).to.equal("proven");
  });

  it("refuses a named host that is whole, and one that is broken and not named", () => {
    const observations = observe(change(healthy, "cp-1", wiped));
    expect(codes(derive(observations, { brokenEtcd: ["cp-2"] }))).to.deep.equal([
      "declared-broken-but-healthy",
      "observed-broken-not-declared",
    ]);
    expect(codes(derive(observations, { brokenEtcd: ["cp-1"], brokenControlPlane: ["cp-0"] }))).to.deep.equal([
      "declared-broken-but-healthy",
    ]);
  });

  it("refuses the survivor that is behind another, and takes the other", () => {
    const five = nodeNames(5);
    const big = inventory([
      "[kube_control_plane]",
      ...five.slice(0, 3).map((host) => `${host} ip=${host}.lab`),
      "[etcd]",
      ...five.map((host) => `${host} ip=${host}.lab etcd_member_name=${host}`),
    ]);
    const bigPlane = planeOfSite(big, version, access);
    const lost = five
      .slice(0, 3)
      .reduce((views, host) => change(views, host, wiped), healthyViews(membership(five), five));
    const views = change(change(lost, "cp-3", leaderless, status({ raftIndex: 990 })), "cp-4", leaderless);
    const { facts } = judgeObservedSite(bigPlane, observe(views));
    expect(facts.verdict).to.equal("quorum-lost");
    const ask = (host: string) =>
      deriveRecovery(
        big,
        {
          replacements: [],
          source: { kind: "survivor", host },
          flavor: "kubespray",
          tree: version,
          inventoryAs: "o/hosts.ini",
          recoveryVarsAs: "o/recovery-vars.yml",
          withFollowUp: false,
        },
        facts,
      );
    const behind = ask("cp-3");
    expect(codes(behind)).to.deep.equal(["data-source-behind"]);
    if (behind.kind !== "refused") return expect.fail("it is not refused");
    expect(behind.violations[0]?.message).to.contain("raft index 990").and.to.contain("is behind cp-4");
    expect(behind.violations[0]?.smallestChange).to.equal("use --source-survivor cp-4");
    expect(codes(ask("cp-4"))).to.deep.equal([]);
  });

  it("knows the one member that a recovery which was begun has restored, and no other one that stands alone", () => {
    const restored = (token: string): Membership => ({
      ...membership(["cp-2"]),
      clusterId: bootstrapClusterId([peerUrl("cp-2")], token),
    });
    const halfJoined: Change = (etcd) => ({
      ...etcd,
      data: { ...etcd.data, state: "incomplete", identity: undefined },
    });
    const look = (token: string, joiner: Change = wiped, own: Change = (etcd) => etcd) => {
      const alone = restored(token);
      const views = healthyViews(alone, hosts).map((view) =>
        view.node === "cp-2" ? { ...view, etcd: own(voterEtcd(alone, "cp-2")) } : view,
      );
      const blank = change(change(views, "cp-0", wiped, joiner), "cp-1", wiped);
      return judgeObservedSite(plane, observe(blank), ["quorate-abc"]).facts;
    };
    expect(look("another").verdict).to.equal("forked");
    expect(look("another", halfJoined).verdict).to.equal("forked");
    expect(look("quorate-abc", halfJoined).verdict, "one that was not yet let in").to.equal("minority-lost");
    expect(look("quorate-abc", wiped, status({ revision: 1 })).verdict, "a store that was emptied since").to.equal(
      "forked",
    );
    const facts = look("quorate-abc");
    expect(facts.verdict).to.equal("minority-lost");
    expect(facts.hosts.map((host) => host.isHealthyVoter)).to.deep.equal([false, false, true]);
  });
});
