// `quorate runbook` on a simulated control plane: the same commands as `up` runs, to be followed by hand.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { createDemoProject, demoNodes } from "../../src/cli/demo-project";
import { settleMembers } from "../../src/model/etcd-settings";
import { type EtcdStep, etcdEffectsOfKind } from "../../src/model/etcd-step";
import type { Plan } from "../../src/model/plan";
import type { WriteManifestStep } from "../../src/model/step";
import { keepRunbook, runbookFolderVariable } from "../../src/provider/keep-runbook";
import { renderRunbook } from "../../src/render/runbook";
import { renderStep } from "../../src/render/step-command";
import { guideStep } from "../../src/render/step-guidance";
import {
  advance,
  createWorld,
  createWorldFile,
  injectFault,
  kubeadmTopology,
  readPodFolder,
} from "../../src/simulator";
import { pod } from "../builders";
import { declare } from "../plan/etcd/builders";

const repository = path.resolve(__dirname, "../..");
const step: WriteManifestStep = {
  kind: "writeManifest",
  node: "cp-0",
  reason: "its command differs",
  pod: "kube-scheduler",
  fileName: "kube-scheduler.yaml",
  manifestDirectory: "/etc/kubernetes/manifests",
  archiveDirectory: "/var/lib/quorate/archive",
  manifest: pod("kube-scheduler"),
  owner: "root:root",
  mode: "0600",
};
const plan = (change: Partial<Plan> = {}): Plan => ({
  drifts: [],
  steps: [step],
  blockers: [],
  problems: [],
  notes: [],
  ...change,
});

describe("renderRunbook", () => {
  it("prints the very commands of a step, with what they print, how to verify and when to stop", () => {
    const text = renderRunbook("demo", plan(), () => false);
    expect(text).to.contain(`\n\`\`\`sh\n${renderStep(step)}\`\`\`\n`);
    for (const part of [
      "## Step 1, on cp-0:",
      "Why: its command differs",
      "It prints:",
      "Verify:",
      "It has to show:",
      "Stop if",
    ])
      expect(text).to.contain(part);
  });

  it("prints commands that no text in them ends", () => {
    const forged = { ...step, manifest: pod("kube-scheduler", ["echo", "```\n## Step 2", "`````"]) };
    const [, fence = "", block] =
      /\n(`+)sh\n(.*?)\n\1\n/s.exec(renderRunbook("d", plan({ steps: [forged] }), () => false)) ?? [];
    expect(fence.length).to.be.greaterThan(5);
    expect(`${block}\n`).to.equal(renderStep(forged));
  });

  it("names what is refused with its next step, and says when there is nothing to do", () => {
    const blocker = {
      reason: "node-unreachable",
      node: "cp-1",
      message: "cp-1 is away",
      nextStep: "power it on",
    } as const;
    expect(renderRunbook("demo", plan({ blockers: [blocker] }), () => false)).to.match(
      /cp-1 is away; next: power it on/,
    );
    expect(renderRunbook("demo", plan({ steps: [] }), () => false)).to.contain("there is nothing to do");
  });

  it("guides through every kind of etcd step", () => {
    const [at] = settleMembers(declare(1));
    for (const kind of Object.keys(etcdEffectsOfKind)) {
      const base = { node: "cp-0", subject: "s", reason: "r", at, path: "/s.db", sha256: "0", localFile: "f" };
      const more = { memberId: "a", memberName: "m", toMemberId: "b", peerUrl: "https://x:1", revision: 1 };
      const guidance = guideStep({ kind, ...base, ...more, timeoutSeconds: 5 } as unknown as EtcdStep);
      const { title, expected, verification, stop } = guidance;
      for (const part of [title, expected, verification.command, verification.shows, stop]) {
        expect(part, kind).to.be.a("string").and.not.equal("").and.not.contain("undefined");
      }
    }
  });
});

describe("keepRunbook", () => {
  const lens = { name: "ControlPlane", podPath: (node: string, name: string) => `nodes.${node}.staticPods.${name}` };
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-runbook-test-"));
    process.env[runbookFolderVariable] = folder;
  });
  afterEach(() => {
    delete process.env[runbookFolderVariable];
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it("leaves out commands that hold a secret, and writes for nobody else", () => {
    keepRunbook(plan(), lens, { isSecret: () => true, mask: (text) => text }, ["cp-0"]);
    const [name = ""] = fs.readdirSync(folder);
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    expect(text).to.contain("--show-secrets").and.not.contain("kind: Pod");
    expect(fs.statSync(path.join(folder, name)).mode & 0o777).to.equal(0o600);
  });

  it("leaves out the secrets of an etcd pod that is started, and those that a container's last words repeat", () => {
    const [at] = settleMembers(declare(1, "static-pod"));
    if (at === undefined) throw new Error("no member");
    const place = { fileName: "etcd.yaml", manifestDirectory: "/m", parkDirectory: "/park" };
    const membership = { initialCluster: [{ name: "m", peerUrl: "https://x:1" }], token: "t" };
    const manifest = pod("etcd", ["etcd", "--auth-token=hunter22"]);
    const base = { node: "cp-0", subject: "cp-0", reason: "it is to join", at, ...membership };
    const start: EtcdStep = { kind: "etcdStartMember", ...base, manifest, place };
    const problem = { node: "cp-0", subject: "kube-vip", message: "kube-vip: unknown flag --key=hunter22" };
    const context = {
      isSecret: (path: string) => path === "nodes.cp-0.staticPods.etcd",
      mask: (text: string) => text.replaceAll("hunter22", "[secret]"),
    };
    keepRunbook(plan({ steps: [start], problems: [problem] }), lens, context, ["cp-0"]);
    const [name = ""] = fs.readdirSync(folder);
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    expect(text).to.contain("Start the member").and.contain("--show-secrets").and.contain("--key=[secret]");
    expect(text).not.to.contain("hunter22").and.not.contain("kind: Pod");
  });

  it("keeps the runbooks of two resources on the same node apart", () => {
    const context = { isSecret: () => false, mask: (text: string) => text };
    keepRunbook(plan(), { ...lens, name: "StaticPod" }, context, ["cp-0"]);
    const other = { ...step, pod: "haproxy", fileName: "haproxy.yaml" };
    keepRunbook(plan({ steps: [other] }), { ...lens, name: "StaticPod" }, context, ["cp-0"]);
    expect(fs.readdirSync(folder)).to.have.length(2);
  });

  it("writes nothing when no runbook is wanted", () => {
    delete process.env[runbookFolderVariable];
    keepRunbook(plan(), lens, { isSecret: () => false, mask: (text) => text }, ["cp-0"]);
    expect(fs.readdirSync(folder)).to.deep.equal([]);
  });
});

describe("quorate runbook", function () {
  this.timeout(240_000);
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-runbook-demo-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("is made for a stack from what its nodes show, with the commands that up runs, and changes nothing", async () => {
    const project = createDemoProject(folder, repository);
    const names = demoNodes.map((values) => ({
      ...values,
      pods: readPodFolder(path.join(repository, "stacks/demo/manifests"), { ...values }),
    }));
    const typo = {
      kind: "manifest-set",
      node: "cp-0",
      fileName: "kube-scheduler.yaml",
      path: ["spec", "containers", 0, "command", 0],
      value: "kube-schedulerrrr",
    } as const;
    createWorldFile(project.world, advance(injectFault(createWorld(kubeadmTopology(names), "runbook"), typo), 60));
    const onDisk = fs.readFileSync(project.world, "utf8");
    const quorate = (...words: readonly string[]) =>
      execFileSync(process.execPath, [path.join(repository, "bin/quorate.js"), ...words], {
        cwd: folder,
        env: { ...process.env, ...project.environment },
        encoding: "utf8",
      });
    quorate("stack", "init", "demo");
    const text = quorate("runbook");
    expect(text).to.match(/^# Runbook: ControlPlane \(cp-0, cp-1, cp-2\)$/m);
    expect(text).to.contain('"kube-schedulerrrr" => "kube-scheduler"');
    expect(text).to.contain("## Step 1, on cp-0: Write the manifest of kube-scheduler");
    expect(text).to.match(/^# effect: installManifest$/m);
    expect(fs.readFileSync(project.world, "utf8")).to.equal(onDisk);
    expect(fs.readdirSync(os.tmpdir()).filter((name) => /^quorate-runbook-.{6}$/.test(name))).to.deep.equal([]);
  });
});
