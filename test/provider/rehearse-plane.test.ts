// A declaration that demands a rehearsal: what it lets through, what it holds back, and what it leaves behind.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import type { ControlPlaneDeclaration } from "../../src/model/declaration";
import { isEtcdStep } from "../../src/model/etcd-step";
import type { RehearsalSummary } from "../../src/model/rehearsal";
import { planControlPlane } from "../../src/plan/control-plane";
import { noHistory } from "../../src/plan/control-plane-etcd";
import { planEtcd } from "../../src/plan/etcd/plan";
import { PlaneRehearsal } from "../../src/provider/rehearse-plane";
import { rehearseLive } from "../../src/simulator/rehearsal/live-subject";
import { rehearse } from "../../src/simulator/rehearsal/search";
import { observed, plane, pod, seen } from "../builders";
import { declare, membership, nodeNames, stopped, voterEtcd, wiped } from "../plan/etcd/builders";

const nodes = nodeNames(3);
const cluster = membership(nodes);
const apiServer = pod("kube-apiserver");
const look = (broken: readonly string[] = ["cp-0"]) =>
  nodes.map((node) => {
    const etcd = voterEtcd(cluster, node);
    return observed(node, [apiServer], { etcd: seen(broken.includes(node) ? stopped(wiped(etcd)) : etcd) });
  });
const declared = (rehearsed: boolean): ControlPlaneDeclaration => ({
  ...plane(nodes, [apiServer]),
  etcd: declare(3, "systemd"),
  rehearse: rehearsed,
});

function guard(rehearsal: PlaneRehearsal, isWanted: boolean, observations = look()) {
  const declaration = declared(isWanted);
  const made = planControlPlane(declaration, observations, noHistory);
  return { made, ...rehearsal.guard(declaration, observations, noHistory, made) };
}

describe("a declaration that demands a rehearsal", function () {
  this.timeout(60_000);

  it("lets the plan through that holds in every case, says what was proved, and says it once", () => {
    const rehearsal = new PlaneRehearsal();
    const { made, plan, words } = guard(rehearsal, true);
    expect(plan).to.deep.equal(made);
    expect(plan.steps.some(isEtcdStep)).to.equal(true);
    expect(words)
      .to.match(/searched: \d+ prefixes/)
      .and.match(/proved: no act of the plan loses a quorum/);
    expect(guard(rehearsal, true).words).to.equal(undefined);
  });

  it("rehearses nothing when it is not demanded", () => {
    const never = () => {
      throw new Error("it was rehearsed");
    };
    const { made, plan, words } = guard(new PlaneRehearsal(undefined, never), false);
    expect([plan, words]).to.deep.equal([made, undefined]);
  });

  it("holds every etcd step back when a case breaks a rule, names the rules, and leaves the other steps", () => {
    const hasty = new PlaneRehearsal(undefined, (input) => {
      const real = rehearseLive(input, { sample: { casesMax: 1, seed: "one" } });
      if (real.kind !== "rehearsed") throw new Error(real.differences.join());
      const planner: typeof planEtcd = (own) => {
        const plan = planEtcd(own);
        return { ...plan, steps: plan.steps.filter(({ kind }) => kind !== "etcdSaveSnapshot") };
      };
      const { subject, start } = real.rehearsal;
      return { kind: "rehearsed", rehearsal: rehearse({ ...subject, planner }, start) };
    });
    const { made, plan, words } = guard(hasty, true);
    expect(plan.steps.filter(isEtcdStep)).to.deep.equal([]);
    expect(plan.steps).to.deep.equal(made.steps.filter((step) => !isEtcdStep(step)));
    expect(plan.blockers.at(-1)).to.include({ reason: "rehearsal-failed" });
    expect(plan.blockers.at(-1)?.message).to.match(/preserve-first/);
    expect(words).to.match(/FAILED: .* preserve-first/);
    expect(guard(hasty, true).plan.steps.filter(isEtcdStep), "again").to.deep.equal([]);
  });

  it("holds them back when the copy does not show what the nodes show", () => {
    const differences = ["verdict: the nodes ask for one thing; their copy asks for another"];
    const { plan } = guard(new PlaneRehearsal(undefined, () => ({ kind: "not-copied", differences })), true);
    expect(plan.steps.filter(isEtcdStep)).to.deep.equal([]);
    expect(plan.blockers.at(-1)).to.include({ reason: "rehearsal-impossible" });
  });

  it("leaves a summary in the folder that is named, demanded or not, and also when nothing is planned", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-rehearsal-"));
    const kept = () =>
      fs
        .readdirSync(folder)
        .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as RehearsalSummary);
    guard(new PlaneRehearsal(folder), false);
    expect(kept().map(({ kind, cases, effects }) => [kind, cases > 100, effects.length > 5])).to.deep.equal([
      ["proved", true, true],
    ]);
    guard(new PlaneRehearsal(folder), false, look([]));
    expect(kept().map(({ kind }) => kind)).to.deep.equal(["nothing-planned"]);
    fs.rmSync(folder, { recursive: true });
  });
});
