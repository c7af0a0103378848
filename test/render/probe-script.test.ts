import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../../src/model/declaration";
import type { ObservedNode } from "../../src/model/node-observation";
import { parseProbe } from "../../src/observe/probe";
import { etcdDataDirectories, renderProbe } from "../../src/render/probe-script";
import { etcdPod, plane, pod } from "../builders";

const boundary = "b".repeat(32);

describe("renderProbe", function () {
  this.timeout(30_000);
  let root: string;
  let manifests: string;
  let shims: string;
  let declared: ControlPlaneDeclaration;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate probe's $(x) "));
    manifests = join(root, "kubernetes", "manifests");
    shims = join(root, "bin");
    for (const directory of [manifests, shims]) mkdirSync(directory, { recursive: true });
    const etcd = JSON.parse(JSON.stringify(etcdPod()).replaceAll("/var/lib/etcd", join(root, "etcd")));
    declared = controlPlaneSchema.parse({
      nodes: {
        "cp-0": {
          access: { kind: "local" },
          staticPods: { etcd, "kube-scheduler": pod("kube-scheduler") },
          services: { kubelet: {}, etcd: { manager: "monit" } },
        },
      },
      manifestDirectory: manifests,
      archiveDirectory: join(root, "archive"),
    });
    shim(
      "systemctl",
      'echo "LoadState=loaded"; echo "ActiveState=active"; echo "SubState=running"; echo UnitFileState=enabled',
    );
    shim("monit", "printf \"The Monit daemon 5.2.5 uptime: 1m\\n\\nProcess 'etcd'  running\\n\"");
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function shim(name: string, script: string): void {
    writeFileSync(join(shims, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(shims, name), 0o755);
  }

  function run(edit: (script: string) => string = (script) => script, shell = "sh"): ObservedNode {
    const input = edit(renderProbe(declared, "cp-0", boundary));
    const env = { ...process.env, PATH: `${shims}:${process.env.PATH}` };
    return parseProbe(declared, "cp-0", boundary, spawnSync(shell, ["-s"], { input, env }).stdout);
  }

  const kinds = (seen: ObservedNode) => [seen.host.kind, seen.manifests.kind, seen.services.kind, seen.leftovers.kind];

  for (const shell of ["dash", "bash"]) {
    it(`sees the node under ${shell}, hostile file names included`, () => {
      const names = ["it's\na.yaml", `@${boundary} end manifests 0 0`, "-rf", " x ", "$(id).yaml", "é.yaml"];
      for (const name of names) writeFileSync(join(manifests, name), "a: b\n");
      writeFileSync(join(manifests, ".hidden"), "");
      const seen = run(undefined, shell);
      expect(kinds(seen)).to.deep.equal(["seen", "seen", "seen", "seen"]);
      if (seen.manifests.kind !== "seen" || seen.services.kind !== "seen") throw new Error("not seen");
      expect(seen.manifests.value.map(({ fileName }) => fileName)).to.deep.equal([...names].sort());
      expect(seen.services.value.map(({ name, state }) => [name, state])).to.deep.equal([
        ["etcd", "running"],
        ["kubelet", "running"],
      ]);
    });
  }

  it("loses only the section that hangs, after its deadline", () => {
    shim("hostname", "sleep 60");
    const started = Date.now();
    const seen = run((script) => script.replace("timeout -s KILL 10 sh", "timeout -s KILL 1 sh"));
    expect(Date.now() - started).to.be.lessThan(15_000);
    expect(kinds(seen)).to.deep.equal(["unknown", "seen", "seen", "seen"]);
    expect(seen.host).to.have.property("reason").that.contains("did not end before its deadline");
  });

  it("knows nothing of a service whose manager is missing, and all else", () => {
    shim("systemctl", "exit 127");
    const seen = run();
    expect(kinds(seen)).to.deep.equal(["seen", "seen", "seen", "seen"]);
    expect(seen.services).to.have.nested.property("value[1].state", "unknown");
  });

  it("sees nothing without base64, and does not take that for empty", () => {
    writeFileSync(join(manifests, "a.yaml"), "a: b\n");
    mkdirSync(join(root, "kubernetes", "WRONG"));
    shim("base64", "exit 127");
    expect(kinds(run())).to.deep.equal(["unknown", "unknown", "unknown", "unknown"]);
  });

  it("prints nothing when the script was cut off on its way", () => {
    const script = renderProbe(declared, "cp-0", boundary);
    for (let length = 0; length < script.length - 1; length += 997) {
      expect(spawnSync("sh", ["-s"], { input: script.slice(0, length), encoding: "utf8" }).stdout).to.equal("");
    }
  });

  it("leaves no file behind and finds the lock free when nobody holds it", function () {
    if (spawnSync("unshare", ["--mount", "true"]).status !== 0) {
      process.stdout.write("skipped: a mount namespace can only be made by root\n");
      this.skip();
    }
    writeFileSync(join(root, "probe.sh"), renderProbe(declared, "cp-0", boundary));
    const command =
      'mount -t tmpfs none /run && mkdir /run/lock && : > /run/lock/quorate.lock && sh "$0" > /dev/null; ls -AR /run';
    const result = execFileSync("unshare", ["--mount", "sh", "-c", command, join(root, "probe.sh")], {
      encoding: "utf8",
    });
    expect(result).to.equal("/run:\nlock\n\n/run/lock:\nquorate.lock\n");
  });

  it("tells that the manifest directory is not a directory", () => {
    rmSync(manifests, { recursive: true });
    writeFileSync(manifests, "");
    expect(run().manifests).to.have.property("reason").that.contains("is not a directory");
  });

  it("sees no manifests where the directory is missing", () => {
    rmSync(manifests, { recursive: true });
    expect(run().manifests).to.deep.equal({ kind: "seen", value: [] });
  });

  it("does not wait for a pipe in the manifest directory and passes over directories", () => {
    execFileSync("mkfifo", [join(manifests, "pipe")]);
    mkdirSync(join(manifests, "old"));
    symlinkSync("/nowhere", join(manifests, "dangling"));
    mkdirSync(join(manifests, "kube-scheduler.yaml"));
    const seen = run();
    if (seen.manifests.kind !== "seen") throw new Error("not seen");
    expect(seen.manifests.value.map(({ fileName, content }) => [fileName, content.kind])).to.deep.equal([
      ["kube-scheduler.yaml", "unread"],
    ]);
  });

  describe("the etcd data directory", () => {
    const file = (path: string, text = "x") => {
      mkdirSync(join(root, "etcd", path, ".."), { recursive: true });
      writeFileSync(join(root, "etcd", path), text);
    };
    for (const { name, make, want } of [
      { name: "missing where there is none", make: () => undefined, want: "missing" },
      { name: "empty where it holds nothing", make: () => mkdirSync(join(root, "etcd")), want: "empty" },
      {
        name: "empty where only member was made again",
        make: () => mkdirSync(join(root, "etcd/member"), { recursive: true }),
        want: "empty",
      },
      {
        name: "empty where the file system is new",
        make: () => mkdirSync(join(root, "etcd/lost+found"), { recursive: true }),
        want: "empty",
      },
      {
        name: "present with a wal and a db",
        make: () => {
          file("member/wal/0000000000000000-0000000000000000.wal");
          file("member/snap/db");
        },
        want: "present",
      },
      { name: "unknown with a wal alone", make: () => file("member/wal/0-0.wal"), want: "unknown" },
      { name: "unknown with a db alone", make: () => file("member/snap/db"), want: "unknown" },
      { name: "unknown where it is a file", make: () => writeFileSync(join(root, "etcd"), ""), want: "unknown" },
      {
        name: "unknown where its link leads nowhere",
        make: () => symlinkSync("/nowhere", join(root, "etcd")),
        want: "unknown",
      },
    ]) {
      it(`is ${name}`, () => {
        make();
        const seen = run();
        expect(seen.etcdData).to.deep.include({ kind: "seen" });
        expect(seen.etcdData).to.have.nested.property("value.state", want);
        expect(seen.etcdData).to.have.nested.property("value.directory", join(root, "etcd"));
      });
    }
  });

  it("tells of empty directories that nothing mentions and of staged files", () => {
    for (const name of ["WRONG PKI", "mentioned", "full", "full/inner"]) mkdirSync(join(root, "kubernetes", name));
    writeFileSync(join(manifests, "a.yaml"), `path: ${join(root, "kubernetes", "mentioned")}\n`);
    writeFileSync(join(root, "kubernetes", ".quorate-staged.a.yaml"), "");
    const seen = run();
    expect(seen.leftovers).to.deep.equal({
      kind: "seen",
      value: [
        { kind: "staged-file", path: join(root, "kubernetes", ".quorate-staged.a.yaml") },
        { kind: "empty-directory", path: join(root, "kubernetes", "WRONG PKI") },
      ],
    });
    expect(readdirSync(join(root, "kubernetes"))).to.include("WRONG PKI");
  });
});

describe("etcdDataDirectories", () => {
  it("follows a declared Pod's hostPath volume from the container to the host", () => {
    const etcd = JSON.parse(JSON.stringify(etcdPod()));
    etcd.spec.containers[0].volumeMounts = [{ name: "data", mountPath: "/var/lib" }];
    etcd.spec.volumes = [{ name: "data", hostPath: { path: "/mnt/fast/" } }];
    expect(etcdDataDirectories(plane(["cp-0"], [etcd]), "cp-0")).to.deep.equal(["/mnt/fast/etcd"]);
  });

  it("is none for a node without etcd", () => {
    expect(etcdDataDirectories(plane(["cp-0"], [pod("kube-scheduler")]), "cp-0")).to.deep.equal([]);
  });
});
