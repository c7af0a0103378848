// A project whose stack declares the three nodes of a simulated kubeadm control plane, as a user's project is on disk.

import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { advance, createWorldFile, type Fault, injectFault, openWorldFile } from "../../src/simulator";
import { Project } from "../lab/project";
import { kubeadmWorld } from "../simulator/worlds";

/** The project, and the way into its world. */
export interface SimulatedPlane {
  readonly project: Project;
  /** The file of its world. */
  readonly world: string;
  /** Lets faults happen, and two minutes pass after them. */
  inject(...faults: readonly Fault[]): Promise<unknown>;
}

/** Lays the project out; its stack is declared and not there yet. */
export function createSimulatedPlane(stack: string): SimulatedPlane {
  const project = new Project(stack);
  const world = path.join(project.folder, "world.json");
  fs.cpSync(path.join(__dirname, "../../stacks/demo"), path.join(project.folder, "stacks/demo"), { recursive: true });
  createWorldFile(world, kubeadmWorld(3));
  const node = (address: string) => ({ access: { kind: "simulated", world }, values: { address } });
  const nodes = { "cp-0": node("10.0.0.11"), "cp-1": node("10.0.0.12"), "cp-2": node("10.0.0.13") };
  const config = { "quorate:topology": "kubeadm", "quorate:manifests": "demo/manifests", "quorate:nodes": nodes };
  fs.writeFileSync(path.join(project.folder, `stacks/Pulumi.${stack}.yaml`), stringify({ config }));
  return {
    project,
    world,
    inject: (...faults) =>
      openWorldFile(world).change((before) => ({
        world: advance(faults.reduce(injectFault, before), 120),
        result: undefined,
      })),
  };
}
