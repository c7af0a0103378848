// What a user gets to see for a mistake: one clear sentence, a non-zero exit, and nothing changed.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { parseDocument, stringify } from "yaml";
import { createWorldFile, injectFault, openWorldFile } from "../../src/simulator";
import { Project } from "../lab/project";
import { kubeadmWorld } from "../simulator/worlds";

describe("the command line on bad input", function () {
  this.timeout(120_000);
  let project: Project;
  let configFile: string;
  let healthyConfig: string;

  const world = () => path.join(project.folder, "world.json");
  const edit = (change: (config: Record<string, unknown>) => void) => {
    const document = parseDocument(healthyConfig).toJS() as { config: Record<string, unknown> };
    change(document.config);
    fs.writeFileSync(configFile, stringify(document));
  };
  const nodesOf = (config: Record<string, unknown>) =>
    config["quorate:nodes"] as Record<string, Record<string, unknown>>;
  /** What nobody may see change: the nodes and the recorded state. */
  const everything = () => ({
    trace: openWorldFile(world()).read().trace.digest,
    state: stateOf(path.join(project.folder, "state/.pulumi/stacks/quorate/demo.json")),
  });

  before(async () => {
    project = new Project("demo");
    fs.cpSync(path.join(__dirname, "../../stacks/demo"), path.join(project.folder, "stacks/demo"), { recursive: true });
    createWorldFile(
      world(),
      injectFault(kubeadmWorld(3), {
        kind: "manifest-set",
        node: "cp-0",
        fileName: "kube-scheduler.yaml",
        path: ["spec", "containers", 0, "command", 0],
        value: "kube-schedulerrrr",
      }),
    );
    configFile = path.join(project.folder, "stacks/Pulumi.demo.yaml");
    const node = (address: string) => ({ access: { kind: "simulated", world: world() }, values: { address } });
    const nodes = { "cp-0": node("10.0.0.11"), "cp-1": node("10.0.0.12"), "cp-2": node("10.0.0.13") };
    fs.writeFileSync(
      configFile,
      stringify({
        config: { "quorate:topology": "kubeadm", "quorate:manifests": "demo/manifests", "quorate:nodes": nodes },
      }),
    );
    await project.succeed("stack", "init", "demo");
    healthyConfig = fs.readFileSync(configFile, "utf8");
  });
  after(() => project?.remove());
  beforeEach(() => {
    fs.writeFileSync(configFile, healthyConfig);
    fs.cpSync(path.join(__dirname, "../../stacks/demo"), path.join(project.folder, "stacks/demo"), { recursive: true });
  });

  const refused = async (args: readonly string[], patterns: readonly RegExp[], env: NodeJS.ProcessEnv = {}) => {
    const before = everything();
    const { exitCode, output } = await project.start(args, env).ended;
    expect(exitCode, output).to.be.greaterThan(0);
    for (const pattern of patterns) expect(output).to.match(pattern);
    expect(output, "a stack trace").not.to.match(/\n\s+at .*:\d+:\d+/);
    expect(everything()).to.deep.equal(before);
  };
  const up = ["up", "--stack", "demo", "--yes", "--skip-preview"];

  for (const unknown of ["kubernetes", "toString"]) {
    it(`names the unknown topology ${unknown} and the known ones`, async () => {
      edit((config) => {
        config["quorate:topology"] = unknown;
      });
      const known = "backup, cloud-foundry, kubeadm, kubespray, pks";
      await refused(up, [new RegExp(`quorate:topology must be one of ${known}, and it is .*${unknown}`)]);
    });
  }

  it("names every mistake of the configuration at once, each with its path", async () => {
    edit((config) => {
      config["quorate:manifests"] = 7;
      config["quorate:servics"] = {};
      (nodesOf(config)["cp-1"] ?? {}).access = { kind: "telnet" };
    });
    await refused(up, [/3 mistakes/, /quorate:manifests/, /servics/, /quorate:nodes\.cp-1\.access\.kind/]);
  });

  it("takes the nodes of a kubespray cluster as those of kubeadm, and names what else is wrong", async () => {
    edit((config) => {
      config["quorate:topology"] = "kubespray";
      config["quorate:manifests"] = 7;
    });
    await refused(up, [/1 mistake/, /quorate:manifests/]);
  });

  it("names the manifest that is not YAML", async () => {
    const file = path.join(project.folder, "stacks/demo/manifests/kube-scheduler.yaml");
    fs.writeFileSync(file, "a: [b\n");
    await refused(up, [/kube-scheduler\.yaml: not YAML/]);
  });

  it("names the Pod without containers, by its place in the declaration", async () => {
    const file = path.join(project.folder, "stacks/demo/manifests/kube-scheduler.yaml");
    fs.writeFileSync(
      file,
      stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "kube-scheduler" }, spec: {} }),
    );
    await refused(up, [/staticPods\["kube-scheduler"\]\.spec\.containers/]);
  });

  it("names the value that a node lacks", async () => {
    edit((config) => {
      (nodesOf(config)["cp-2"] ?? {}).values = {};
    });
    await refused(up, [/node cp-2 has no value \{\{address\}\}/]);
  });

  it("refuses two nodes at one address", async () => {
    edit((config) => {
      for (const name of ["cp-0", "cp-1", "cp-2"])
        (nodesOf(config)[name] ?? {}).access = { kind: "ssh", host: "10.0.0.11" };
    });
    await refused(up, [/cp-0 and cp-1 and cp-2 are reached at the same address/]);
  });

  for (const host of ["-oProxyCommand=touch /tmp/pwned", "$(reboot)", "a'b", 'a"b', "a\nb", "a b;c"]) {
    it(`refuses the host name ${JSON.stringify(host)} without running any of it`, async () => {
      edit((config) => {
        (nodesOf(config)["cp-0"] ?? {}).access = { kind: "ssh", host };
        delete nodesOf(config)["cp-1"];
        delete nodesOf(config)["cp-2"];
      });
      await refused(up, [/nodes\["cp-0"\]\.access\.host: must be a host name/]);
      expect(fs.existsSync("/tmp/pwned")).to.equal(false);
    });
  }

  it("names the world that does not exist", async () => {
    edit((config) => {
      for (const name of ["cp-0", "cp-1", "cp-2"])
        (nodesOf(config)[name] ?? {}).access = { kind: "simulated", world: "/nowhere/world.json" };
    });
    await refused(up, [/the simulated world \/nowhere\/world\.json cannot be read/]);
  });

  it("says which stack is not there and how to make it", async () => {
    await refused(
      ["preview", "--stack", "nosuch"],
      [/error: there is no stack nosuch of project quorate in /, /make it with `quorate stack init nosuch`/],
    );
  });

  for (const name of ["../../demo", "a/b/c/demo", "/demo"]) {
    it(`takes no part of ${name} for a stack's name`, async () => {
      await refused(["preview", "--stack", name], [/is not a stack name/]);
    });
  }

  it("asks for the passphrase when there is none", async () => {
    await refused(up, [/the stack's passphrase is not known/, /set PULUMI_CONFIG_PASSPHRASE or /], {
      PULUMI_CONFIG_PASSPHRASE: undefined,
      PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    });
  });

  it("tells a wrong passphrase from a missing one", async () => {
    await refused(up, [/the passphrase is not the one this stack was encrypted with/], {
      PULUMI_CONFIG_PASSPHRASE: "wrong",
    });
  });

  it("names the version of a state that it does not know", async () => {
    const state = path.join(project.folder, "state/.pulumi/stacks/quorate/demo.json");
    const text = fs.readFileSync(state, "utf8");
    fs.writeFileSync(state, JSON.stringify({ ...JSON.parse(text), version: 99 }));
    await refused(up, [/the state file has version 99, only 3 and 4 can be used/]);
    fs.writeFileSync(state, text);
  });

  it("will not change anything without a terminal and without --yes", async () => {
    await refused(["up", "--stack", "demo"], [/there is no terminal to ask on/, /agree beforehand with --yes/]);
  });

  it("leaves a project alone that is none", async () => {
    await refused(
      ["preview", "--stack", "demo", "--cwd", "/nowhere"],
      [/no Pulumi\.yaml in \/nowhere or any folder above it/],
    );
  });

  it("repairs what it refused to touch, once the mistakes are gone", async () => {
    const { exitCode, output } = await project.up();
    expect(exitCode, output).to.equal(0);
    expect((await project.preview("--expect-no-changes")).exitCode).to.equal(0);
  });
});

/** The recorded resources but for the root, which only says that somebody was here; "foreign" when the file is none of ours. */
function stateOf(file: string): unknown {
  const { version, checkpoint } = JSON.parse(fs.readFileSync(file, "utf8")) as {
    readonly version: number;
    readonly checkpoint: { readonly latest: { readonly resources?: readonly { readonly type: string }[] } };
  };
  const resources = checkpoint.latest.resources ?? [];
  return version > 4
    ? "foreign"
    : resources.filter(({ type }) => type !== "pulumi:pulumi:Stack" && !type.startsWith("pulumi:providers:"));
}
