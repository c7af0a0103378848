import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { effectsOfKind, type NodeStep, type WriteManifestStep } from "../../src/model/step";
import { renderManifest } from "../../src/render/manifest";
import { renderStep } from "../../src/render/step-command";
import { pod } from "../builders";

const base = { node: "cp-0", reason: "the manifest differs" };
const place = { manifestDirectory: "/etc/kubernetes/manifests", archiveDirectory: "/var/lib/quorate/archive" };
const file = { pod: "kube-scheduler", fileName: "kube-scheduler.yaml", ...place };
const service = { service: "kubelet", manager: "systemd" as const };

const oneOfEach: Readonly<Record<NodeStep["kind"], NodeStep>> = {
  writeManifest: {
    kind: "writeManifest",
    ...base,
    ...file,
    manifest: pod("kube-scheduler"),
    owner: "root:root",
    mode: "0600",
  },
  archiveStrayManifest: { kind: "archiveStrayManifest", ...base, ...file, fileName: "kube-scheduler.yaml.bak" },
  setManifestOwner: { kind: "setManifestOwner", ...base, ...file, owner: "root:root" },
  startService: { kind: "startService", ...base, ...service },
  restartService: { kind: "restartService", ...base, ...service },
  waitForService: { kind: "waitForService", ...base, ...service, timeoutSeconds: 90 },
  waitForPod: { kind: "waitForPod", ...base, ...file, timeoutSeconds: 90 },
};

// `$$` would be the shell around the step's own subshell.
const killSelf = "sh -c 'kill -9 \"$PPID\"'";

function markedEffects(text: string): readonly string[] {
  return [...text.matchAll(/^# effect: (\w+)$/gm)].map((match) => match[1] ?? "");
}

describe("renderStep", () => {
  for (const [kind, step] of Object.entries(oneOfEach)) {
    it(`marks one line for each effect of ${kind}, in order`, () => {
      expect(markedEffects(renderStep(step))).to.deep.equal(effectsOfKind[step.kind]);
    });

    it(`gives ${kind} a text that dash and bash can read`, () => {
      for (const shell of ["dash", "bash"]) execFileSync(shell, ["-n"], { input: renderStep(step) });
    });
  }

  for (const kind of ["startService", "restartService"] as const) {
    it(`marks the effect of ${kind} under monit too`, () => {
      const text = renderStep({ kind, ...base, service: "etcd", manager: "monit" });
      expect(markedEffects(text)).to.deep.equal(effectsOfKind[kind]);
      expect(text).to.match(/^"\$monit" (start|restart) etcd/m);
    });
  }

  it("keeps a hostile reason and node in the comment", () => {
    const text = renderStep({ ...oneOfEach.startService, reason: "x\nrm -rf /\r$(id)" });
    expect(text.split("\n").filter((line) => line.includes("rm -rf") && !line.startsWith("# "))).to.deep.equal([]);
  });
});

describe("the commands of a manifest step", () => {
  let root: string;
  let step: WriteManifestStep;
  const target = () => join(step.manifestDirectory, step.fileName);
  const oldText = "old: manifest\n";

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate step's $(x) "));
    const manifestDirectory = join(root, "kubernetes", "manifests");
    mkdirSync(manifestDirectory, { recursive: true });
    const owner = execFileSync("stat", ["-c", "%U:%G", root], { encoding: "utf8" }).trim();
    const archiveDirectory = join(root, "lib", "archive");
    step = { ...(oneOfEach.writeManifest as WriteManifestStep), manifestDirectory, archiveDirectory, owner };
    writeFileSync(target(), oldText, { mode: 0o640 });
    chmodSync(target(), 0o640);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run(rendered: NodeStep, edit: (text: string) => string = (text) => text) {
    return spawnSync("sh", ["-s"], { input: edit(renderStep(rendered)), encoding: "utf8" });
  }

  const archived = () => (existsSync(step.archiveDirectory) ? readdirSync(step.archiveDirectory) : []);
  const archivedText = (name: string | undefined) => readFileSync(join(step.archiveDirectory, name ?? ""), "utf8");

  it("write the manifest with its owner and mode and keep the old one under a UTC stamp", () => {
    expect(run(step).status).to.equal(0);
    expect(readFileSync(target(), "utf8")).to.equal(renderManifest(step.manifest));
    expect(statSync(target()).mode & 0o7777).to.equal(0o600);
    expect(archived()).to.have.length(1);
    expect(archived()[0]).to.match(/^\d{8}T\d{6}Z-kube-scheduler\.yaml$/);
    expect(archivedText(archived()[0])).to.equal(oldText);
    expect(statSync(join(step.archiveDirectory, archived()[0] ?? "")).mode & 0o7777).to.equal(0o640);
    expect(readdirSync(step.manifestDirectory)).to.deep.equal([step.fileName]);
    expect(readdirSync(join(root, "kubernetes"))).to.deep.equal(["manifests"]);
  });

  it("write a manifest that was missing, and its directory", () => {
    rmSync(step.manifestDirectory, { recursive: true });
    expect(run(step).status).to.equal(0);
    expect(readFileSync(target(), "utf8")).to.equal(renderManifest(step.manifest));
    expect(archived()).to.deep.equal([]);
  });

  it("never overwrite an archived file, even within one second", () => {
    for (let count = 0; count < 4; count += 1) expect(run(step).status).to.equal(0);
    expect(archived()).to.have.length(4);
  });

  it("archive a stray file under any name", () => {
    const fileName = "it's\na $(stray) `file`.bak";
    writeFileSync(join(step.manifestDirectory, fileName), "stray");
    const result = run({ ...step, kind: "archiveStrayManifest", fileName });
    expect(result.status, result.stderr).to.equal(0);
    expect(readdirSync(step.manifestDirectory)).to.deep.equal(["kube-scheduler.yaml"]);
    expect(archivedText(archived()[0])).to.equal("stray");
  });

  it("count a stray file that is already gone as archived", () => {
    expect(run({ ...step, kind: "archiveStrayManifest", fileName: "gone" }).status).to.equal(0);
  });

  for (const [what, make] of [
    ["a directory", (path: string) => mkdirSync(path)],
    ["a symbolic link", (path: string) => symlinkSync("/nowhere", path)],
  ] as const) {
    it(`refuse to replace ${what} and change nothing`, () => {
      rmSync(target());
      make(target());
      const result = run(step);
      expect(result.status).to.equal(65);
      expect(result.stderr).to.contain("refused:").and.to.contain(target());
      expect(lstatSync(target()).isFile()).to.equal(false);
      expect(readdirSync(join(root, "kubernetes"))).to.deep.equal(["manifests"]);
    });
  }

  it("refuse to give away what a symbolic link points to", () => {
    const elsewhere = join(root, "elsewhere");
    writeFileSync(elsewhere, "not a manifest");
    rmSync(target());
    symlinkSync(elsewhere, target());
    const { manifestDirectory, fileName, pod, node, reason } = step;
    const result = run({ kind: "setManifestOwner", node, reason, pod, fileName, manifestDirectory, owner: "0:0" });
    expect(result.status).to.equal(65);
    expect(result.stderr).to.contain("refused:").and.to.contain(target());
  });

  it("leave the old manifest and nothing staged when the owner does not exist", () => {
    const result = run({ ...step, owner: "no-such-user:no-such-group" });
    expect(result.status).not.to.equal(0);
    expect(result.stderr).to.contain("no-such-user");
    expect(readFileSync(target(), "utf8")).to.equal(oldText);
    expect(readdirSync(join(root, "kubernetes"))).to.deep.equal(["manifests"]);
  });

  for (const effect of effectsOfKind.writeManifest) {
    it(`leave a whole manifest when they are killed in front of ${effect}, and the next run completes`, () => {
      const killed = run(step, (text) => text.replace(`# effect: ${effect}`, killSelf));
      expect(killed.status).to.equal(128 + 9);
      expect(readFileSync(target(), "utf8")).to.equal(oldText);
      expect(readdirSync(step.manifestDirectory)).to.deep.equal([step.fileName]);
      expect(run(step).status).to.equal(0);
      expect(readFileSync(target(), "utf8")).to.equal(renderManifest(step.manifest));
      expect(readdirSync(join(root, "kubernetes"))).to.deep.equal(["manifests"]);
    });
  }

  it("leave a whole manifest, old or new, when they are killed in front of any single command", () => {
    const lines = renderStep(step).split("\n");
    const first = lines.findIndex((line) => line.startsWith("# effect:"));
    let killedRuns = 0;
    for (let at = first; at < lines.length; at += 1) {
      const script = [...lines.slice(0, at), killSelf, ...lines.slice(at)].join("\n");
      if (spawnSync("sh", ["-n"], { input: script }).status !== 0) continue;
      if (isInDocument(lines, at)) continue;
      writeFileSync(target(), oldText);
      if (spawnSync("sh", ["-s"], { input: script }).status === 128 + 9) killedRuns += 1;
      expect([oldText, renderManifest(step.manifest)]).to.include(readFileSync(target(), "utf8"));
      expect(readdirSync(step.manifestDirectory)).to.deep.equal([step.fileName]);
    }
    expect(killedRuns).to.be.greaterThan(10);
  });

  describe("on a full disk", () => {
    before(function () {
      const probe = mkdtempSync(join(tmpdir(), "quorate-tmpfs-"));
      const mounted = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", probe]).status === 0;
      rmSync(probe, { recursive: true });
      if (!mounted) {
        process.stdout.write("skipped: a small file system can only be mounted by root\n");
        this.skip();
      }
    });

    it("leave the old manifest as it was and nothing staged", () => {
      const disk = join(root, "disk");
      mkdirSync(disk);
      const onDisk = {
        ...step,
        manifestDirectory: join(disk, "kubernetes/manifests"),
        archiveDirectory: join(disk, "a"),
      };
      const script = [
        "set -e",
        `cd ${JSON.stringify(disk).replaceAll("$", "\\$")}`,
        'mount -t tmpfs -o size=64k none . && cd "$PWD"',
        "mkdir -p kubernetes/manifests && echo old > kubernetes/manifests/kube-scheduler.yaml",
        "head -c 1000000 /dev/zero > filler 2>/dev/null || true",
        "set +e",
        renderStep(onDisk),
        'echo "exit $?"; cat kubernetes/manifests/kube-scheduler.yaml; ls -A kubernetes kubernetes/manifests',
      ].join("\n");
      const result = spawnSync("unshare", ["--mount", "bash", "-s"], { input: script, encoding: "utf8" });
      expect(result.stdout).to.equal(
        "exit 1\nold\nkubernetes:\nmanifests\n\nkubernetes/manifests:\nkube-scheduler.yaml\n",
      );
      expect(result.stderr).to.match(/No space left|disk full/);
    });

    it("stage inside the manifest directory under a dot name where that is a file system of its own", () => {
      const script = [
        "set -e",
        `mount -t tmpfs -o size=64k none ${`'${step.manifestDirectory.replaceAll("'", "'\\''")}'`}`,
        renderStep(step).replace("# effect: archiveManifest", 'echo "$staged"'),
        `ls -A ${`'${step.manifestDirectory.replaceAll("'", "'\\''")}'`}`,
      ].join("\n");
      const result = spawnSync("unshare", ["--mount", "sh", "-s"], { input: script, encoding: "utf8" });
      expect(result.stdout).to.equal(
        `${step.manifestDirectory}/.quorate-staged.kube-scheduler.yaml\nkube-scheduler.yaml\n`,
      );
    });
  });
});

function isInDocument(lines: readonly string[], at: number): boolean {
  const start = lines.findIndex((line) => line.includes("<<'END_OF_FILE'"));
  const end = lines.indexOf("END_OF_FILE");
  return at > start && at <= end;
}
