import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";

const root = path.join(__dirname, "../..");
const kept = path.join(root, "test/scenarios/rehearse");

function quorate(...words: readonly string[]) {
  const run = spawnSync(process.execPath, ["bin/quorate.js", "rehearse", ...words], { cwd: root, encoding: "utf8" });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

describe("quorate rehearse", function () {
  this.timeout(180_000);

  it("says in words what it proved over a scenario and ends with 0", () => {
    const { code, out } = quorate(path.join(kept, "disk-full.yaml"));
    expect(out)
      .to.match(/proved: no act of the plan loses a quorum/)
      .and.match(/^ {2}\d+ cases end refused by etcd-disk-full$/m);
    expect(code).to.equal(0);
  });

  it("prints figures as JSON", () => {
    const { out } = quorate(path.join(kept, "disk-full.yaml"), "--json");
    const { isProved, rehearsals } = JSON.parse(out) as { isProved: boolean; rehearsals: { name: string }[] };
    expect([isProved, rehearsals.map(({ name }) => name)]).to.deep.equal([true, ["disk-full"]]);
  });

  it("writes a page with what was proved and the effects of the plan", () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "rehearse-")), "proof.html");
    quorate(path.join(kept, "seed-001.yaml"), "--report", file);
    expect(fs.readFileSync(file, "utf8"))
      .to.match(/^<!doctype html>/)
      .and.match(/A rehearsal in the simulator/)
      .and.match(/proved: no act of the plan/)
      .and.match(/removeEtcdMember/)
      .and.match(/etcd_client .*member remove/)
      // The members' addresses stand in the commands as text; nothing is fetched from anywhere.
      .and.not.match(/(?:src|href|action)="(?!#|data:)|url\((?!#)|@import/);
  });

  it("rehearses a drill by its name: an etcd cluster, nodes, a deployment at a director", () => {
    for (const [name, what] of [
      ["seed-001", /searched: \d+ prefixes of a plan/],
      ["seed-002", /control plane of 1 node: .*\nsearched: \d+ moments of a plan of \d+ effects/],
      ["seed-000", /deployment of 4 instances: master\/2 out of order\nsearched: \d+ moments/],
    ] as const) {
      const { code, out } = quorate(name);
      expect(out)
        .to.match(what)
        .and.match(/\nproved: /);
      expect(code).to.equal(0);
    }
  });

  it("plays as many cases of a large foundation as it is told to, and shows the bosh commands of the plan on a page", () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "rehearse-")), "proof.html");
    const { code, out } = quorate("seed-004-outage-2", "--cases", "5", "--seed", "few", "--report", file);
    expect(out).to.match(/5 cases, drawn from \d+ with seed few/);
    expect(code).to.equal(0);
    expect(fs.readFileSync(file, "utf8"))
      .to.match(/bosh -d \S+ cloud-check/)
      .and.match(/mysql\/1/);
  });

  it("rehearses an etcd drill as it is before anybody's hand has mended it", () => {
    const { code, out } = quorate("certificates-expired", "--cases", "4");
    expect(out)
      .to.match(
        /^etcd of 3 members: 3 member\(s\) are kept out by certificates, and without them 2 voters cannot agree$/m,
      )
      .and.match(/^ {2}\d+ cases end refused by etcd-certificates$/m);
    expect(code).to.equal(0);
  });

  it("explores the same runs for the same seed and counts what it has seen", () => {
    const [a, b] = [quorate("--runs", "3", "--seed", "one"), quorate("--runs", "3", "--seed", "one")];
    expect(a.out)
      .to.equal(b.out)
      .and.match(/seed one: 3 runs, \d+ cases/)
      .and.match(/verdicts: /);
  });

  it("refuses in one sentence a file that is not there, is no scenario, or a call with neither", () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "rehearse-")), "wrong.yaml");
    fs.writeFileSync(file, "version: 1\nname: x\ntitle: y\ntopology: {kind: etcd, members: 0}\n");
    for (const [words, text] of [
      [["/nonexistent.yaml"], /cannot be read/],
      [["no-such-drill"], /there is no drill "no-such-drill"/],
      [[file], /topology.members/],
      [["--runs", "3", "--cases", "4"], /--cases is for a drill/],
      [[], /either a drill or a scenario file, --stack or --runs/],
      [["--runs", "no"], /whole number/],
    ] as const) {
      const { code, err } = quorate(...words);
      expect(code).to.equal(1);
      expect(err).to.match(text);
    }
  });
});
