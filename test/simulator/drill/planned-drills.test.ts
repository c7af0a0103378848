// The drills of seeds 000 and 002: a deployment's broken job and a control plane's broken static pods, with the real planner.

import { expect } from "chai";
import type { DrillResult } from "../../../src/model/drill";
import { RecoveryError } from "../../../src/model/errors";
import { type DrillSession, findDrills, openDrills, playDrill } from "../../../src/simulator/drill";
import { figureOf, play, playAll } from "./drills";

const ids = (result: DrillResult) => result.events.flatMap(({ id }) => id ?? []);

/** The drill with its text changed, as a file of one's own. */
function openChanged(
  name: string,
  changes: readonly (readonly [string, string])[],
  isScripted = true,
  comparison?: string,
): readonly DrillSession[] {
  const [file] = findDrills(name);
  if (file === undefined) throw new Error(`no drill ${name}`);
  const text = changes.reduce((changed, [from, to]) => {
    expect(changed).to.contain(from);
    return changed.replaceAll(from, to);
  }, file.text);
  return openDrills({ ...file, text }, { isScripted, parameters: {}, seed: undefined }, comparison);
}

function openOne(...options: Parameters<typeof openChanged>): DrillSession {
  const [session] = openChanged(...options);
  if (session === undefined) throw new Error("nothing was opened");
  return session;
}

function expectOrder(result: DrillResult, wanted: readonly string[]): void {
  const seen = ids(result);
  const places = wanted.map((id) => seen.indexOf(id));
  expect(places, seen.join(", ")).not.to.include(-1);
  expect(places, seen.join(", ")).to.deep.equal([...places].sort((a, b) => a - b));
}

function health(result: DrillResult, lane: string): ReadonlySet<string> {
  return new Set(result.lanes.find(({ name }) => name === lane)?.spans.map((span) => span.health));
}

describe("the drill of seed 000", function () {
  this.timeout(60_000);

  it("lets cck find nothing and recreate fail, and is mended by the plan with quorum kept all the while", async () => {
    const result = await play("seed-000");
    expectOrder(result, [
      ...["job-directory-lost", "bosh-cck-done", "bosh-recreate-failed", "looked", "takeEtcdSnapshot-done"],
      ...["pauseResurrection-done", "waitForMonitor-done", "deleteVm-done", "redundancy-up", "recreateInstance-done"],
      ...["resumeResurrection-done", "settled", "recovered"],
    ]);
    expect(result.steps.map(({ outcome }) => outcome).slice(0, 3)).to.deep.equal(["done", "failed", "done"]);
    expect(result.steps[0]?.message).to.equal("0 problems");
    expect(result.steps[1]?.message).to.match(/Stopping services '\[fluentd\]' errored/);
    expect([health(result, "api"), health(result, "redundancy")]).to.deep.equal([
      new Set(["up"]),
      new Set(["up", "partial"]),
    ]);
    expect(result.figures.map(({ isMet }) => isMet)).to.deep.equal([true, true, true, true]);
  });

  it("holds every line of the seed's log, none of them given", async () => {
    const { comparison } = await play("seed-000");
    expect(comparison.map(({ agrees }) => agrees)).to.deep.equal(comparison.map(() => true));
    expect(comparison.map(({ origin }) => origin)).to.deep.equal([
      "input",
      "model",
      "input",
      ...Array(5).fill("model"),
    ]);
    expect(comparison.every(({ because }) => because !== "")).to.equal(true);
  });

  for (const parameter of ["vmCreate", "jobsStart", "vmDelete"] as const) {
    it(`takes as much longer as ${parameter} is longer`, async () => {
      const rto = async (value: number) =>
        figureOf(await play("seed-000", { parameters: { [parameter]: value } }), "RTO of jobs").value ?? 0;
      expect((await rto(400)) - (await rto(100))).to.equal(300);
    });
  }

  it("has the resurrector take the lock from an operator who deletes the VM by hand, and not with quorate", async () => {
    const [quorate, hand] = await playAll("seed-000", {}, "operator");
    expect([quorate?.variant, hand?.variant]).to.deep.equal(["with quorate", "by hand"]);
    expect(hand?.steps.at(-1)?.message).to.match(/Failed to acquire lock .* 'scan and fix'/);
    expect(quorate?.steps.filter(({ outcome }) => outcome === "failed")).to.have.length(1);
  });

  it("lets the operator have the lock by hand where no resurrector is deployed", async () => {
    const [, hand] = openChanged("seed-000", [["resurrector: true", "resurrector: false"]], true, "operator");
    const result = hand === undefined ? undefined : await playDrill(hand);
    expect(result?.steps.map(({ outcome }) => outcome)).to.deep.equal(["done", "failed", "done", "done"]);
  });

  it("keeps a vote more with five masters", async () => {
    const [three, five] = await playAll("seed-000", {}, "masters");
    const fewest = (result: DrillResult | undefined) =>
      result?.steps.find(({ title }) => /^deleteVm/.test(title))?.message;
    expect([fewest(three), fewest(five)]).to.deep.equal([
      "etcd: 2 of 3 votes, 2 needed; the next loss stops it",
      "etcd: 4 of 5 votes, 3 needed; it survives 1 more",
    ]);
  });

  it("is refused when two of three masters are silent: the declaration would have to ask for it", async () => {
    const session = openOne("seed-000", [
      [
        '- {at: "01:12", fault: {kind: job-directory-lost, instance: master/2, job: fluentd}}',
        '- {at: "01:12", fault: {kind: agent-hung, instance: master/1}}\n  - {at: "01:12", fault: {kind: agent-hung, instance: master/2}}',
      ],
      ["resurrector: true", "resurrector: false"],
    ]);
    const result = await playDrill(session);
    expect(result.isRecovered).to.equal(false);
    expect(ids(result)).to.include("given-up").and.to.include("api-down");
    expect(result.events.some(({ text }) => /^refused \(/.test(text))).to.equal(true);
  });

  it("can be played step by step, each told with what it does to the quorum, to the same end", async () => {
    const session = openOne("seed-000", [], false);
    await session.next();
    expect(session.plan()[3]).to.match(/^deleteVm: /);
    expect(session.choices().map(({ id }) => id)).to.include("bosh-delete-vm-master-2");
    expect(session.choices().find(({ id }) => id === "bosh-delete-vm-master-2")?.quorum).to.equal(
      "etcd goes from 3 to 2 of 3 votes until it runs again",
    );
    for (let count = 0; count < 20 && session.choices().some(({ id }) => id === "step"); count += 1)
      expect(await session.choose("step")).not.to.have.length(0);
    while ((await session.next()).length > 0);
    const result = session.result();
    expect(result.isRecovered).to.equal(true);
    expect(ids(result)).to.include("resumeResurrection-done");
  });
});

describe("the drill of seed 002", function () {
  this.timeout(60_000);

  it("says each container's own words, repairs each by one manifest, and touches neither etcd nor the API server", async () => {
    const result = await play("seed-002");
    const looks = result.events.filter(({ id }) => id === "looked").map(({ text }) => text);
    const words = [
      /exec: "kube-schedulerrrr": executable file not found in \$PATH/,
      /stat \/etc\/kubernetes\/controller-manager-XXXX\.conf: no such file or directory/,
      /unable to load client CA provider: open \/etc\/kubernetes\/pki\/ca\.crt/,
    ];
    expect(looks).to.have.length(3);
    for (const [index, pattern] of words.entries()) expect(looks[index]).to.match(pattern);
    expect(result.steps.map(({ title }) => title.split(":")[0])).to.deep.equal([
      "writeManifest kube-scheduler.yaml on cp-0",
      "writeManifest kube-controller-manager.yaml on cp-0",
      "writeManifest kube-controller-manager.yaml on cp-0",
    ]);
    expect([health(result, "api"), health(result, "scheduling"), health(result, "controllers")]).to.deep.equal([
      new Set(["up"]),
      new Set(["up", "down"]),
      new Set(["up", "down"]),
    ]);
    expect([result.isRecovered, result.figures.every(({ isMet }) => isMet)]).to.deep.equal([true, true]);
  });

  it("counts each recovery from the fault before it", async () => {
    const rto = async (reaction: number) =>
      figureOf(await play("seed-002", { parameters: { reaction } }), "RTO of scheduling").value ?? 0;
    expect((await rto(400)) - (await rto(100))).to.be.within(280, 320);
    expect(figureOf(await play("seed-002"), "RTO of controllers").value).to.be.within(240, 300);
  });

  it("is felt by nobody with three masters", async () => {
    const [one, three] = await playAll("seed-002", {}, "masters");
    expect([one?.variant, three?.variant]).to.deep.equal(["1 master", "3 masters"]);
    const values = [one, three].map((result) => (result && figureOf(result, "RTO of scheduling").value) ?? -1);
    expect(values[0]).to.be.above(0);
    expect(values[1]).to.equal(0);
  });

  it("has the kubelet restarted, and only it, when it ignores the repaired manifest", async () => {
    const result = await playDrill(
      openOne("seed-002", [
        ["  - at: 10m\n", "  - {at: 30s, fault: {kind: kubelet-ignores, node: cp-0, what: starts}}\n  - at: 10m\n"],
      ]),
    );
    expect(result.steps.slice(0, 2).map(({ title }) => title.split(":")[0])).to.deep.equal([
      "writeManifest kube-scheduler.yaml on cp-0",
      "restartService kubelet on cp-0",
    ]);
    expect(result.isRecovered).to.equal(true);
  });

  it("can be played by a person, who takes the plan's step or restarts a kubelet in vain", async () => {
    const session = openOne("seed-002", [], false);
    while (!ids(session.result()).includes("scheduling-down")) await session.next();
    expect(session.plan()[0]).to.match(/^writeManifest on cp-0: the manifest of kube-scheduler differs/);
    await session.choose("kubelet-cp-0");
    expect(session.status().find(({ name }) => name === "scheduling")?.health).to.equal("down");
    await session.choose("step");
    await session.choose("up");
    expect(session.status().find(({ name }) => name === "scheduling")?.health).to.equal("up");
    expect(session.quorums()).to.deep.equal(["etcd: 1 of 1 votes, 1 needed; the next loss stops it"]);
  });
});

describe("a drill of a planned repair", function () {
  this.timeout(60_000);

  for (const name of ["seed-000", "seed-002"]) {
    it(`is the same again with the same seed (${name})`, async () => {
      expect(await play(name, { seed: "again" })).to.deep.equal(await play(name, { seed: "again" }));
    });
  }

  const mistakes: readonly {
    readonly name: string;
    readonly change: readonly [string, string];
    readonly says: RegExp;
  }[] = [
    {
      name: "seed-000",
      change: ["instance: master/2, job", "instance: master/7, job"],
      says: /faults\.0\.fault\.instance: there is no instance master\/7/,
    },
    { name: "seed-000", change: ["job: fluentd", "job: nothing"], says: /master\/2 has no job nothing/ },
    { name: "seed-002", change: ["node: cp-0", "node: cp-9"], says: /faults\.0\.fault\.node: there is no node cp-9/ },
    { name: "seed-002", change: ["scheduling: 10m", "nothing: 10m"], says: /objective\.rto/ },
  ];
  for (const { name, change, says } of mistakes) {
    it(`is refused with the path of what is wrong: ${change[1]}`, () => {
      let told = "";
      try {
        openChanged(name, [change]);
      } catch (error) {
        told = error instanceof RecoveryError ? [error.message, ...(error.problems ?? [])].join("\n") : String(error);
      }
      expect(told).to.match(says);
    });
  }

  for (const [name, says] of [
    ["seed-000", /one of: resurrector, masters, operator/],
    ["seed-002", /one of: masters/],
  ] as const) {
    it(`says by what it can be compared (${name})`, () => {
      expect(() => openChanged(name, [], true, "colours"))
        .to.throw(RecoveryError)
        .with.property("hint")
        .that.matches(says);
    });
  }
});
