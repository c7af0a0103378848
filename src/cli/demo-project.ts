// The demo's project: a folder of its own with the repository's stacks and plugin, so that nothing of the repository and
// nothing of the user's is touched.

import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";

/** The demo's nodes, in the order in which they joined. */
export const demoNodes = [
  { name: "cp-0", address: "10.0.0.11" },
  { name: "cp-1", address: "10.0.0.12" },
  { name: "cp-2", address: "10.0.0.13" },
] as const;

/** Where the demo takes place. */
export interface DemoProject {
  /** Its folder. */
  readonly folder: string;
  /** The repository's folder. */
  readonly repository: string;
  /** The file of the simulated world. */
  readonly world: string;
  /** What the commands are given in their environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Lays the project out in an empty folder. */
export function createDemoProject(folder: string, repository: string): DemoProject {
  const world = path.join(folder, "world.json");
  // Links, because Pulumi wants a program inside of its project.
  for (const name of ["stacks", "src", "dist", "node_modules"])
    fs.symlinkSync(path.join(repository, name), path.join(folder, name), "dir");
  const project = {
    name: "quorate-demo",
    runtime: { name: "nodejs", options: { typescript: false, nodeargs: "--require=../dist/typescript.js" } },
    main: "stacks",
    plugins: { providers: [{ name: "quorate", path: "./dist/provider" }] },
  };
  const nodes = demoNodes.map(({ name, address }) => [
    name,
    { access: { kind: "simulated", world }, values: { address } },
  ]);
  const config = {
    "quorate:topology": "kubeadm",
    "quorate:manifests": "demo/manifests",
    "quorate:nodes": Object.fromEntries(nodes),
  };
  fs.writeFileSync(path.join(folder, "Pulumi.yaml"), stringify(project));
  fs.writeFileSync(path.join(folder, "Pulumi.demo.yaml"), stringify({ config }));
  for (const name of ["state", "home"]) fs.mkdirSync(path.join(folder, name));
  return {
    folder,
    repository,
    world,
    environment: {
      PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "demo",
      PULUMI_HOME: path.join(folder, "home"),
      PULUMI_STACK: "demo",
    },
  };
}
