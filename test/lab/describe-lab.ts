// What each lab itself is held to. The cases that use a lab show most of it again, so that one lab a run is enough.

import type { Suite } from "mocha";
import { chooseCases } from "../matrix";

const labs = [
  { name: "openKubeadmLab (one node)" },
  { name: "openKubeadmLab (three nodes)" },
  { name: "openPksLab (etcd 3.3)" },
  { name: "openPksLab (etcd 3.4)" },
  { name: "openSystemdEtcdLab" },
];
const chosen = chooseCases("what each lab is held to", labs, () => "lab");

/** Describes a lab by the name of what opens it, where it is this run's. */
export function describeLab(name: string, tests: (this: Suite) => void): void {
  if (!labs.some((lab) => lab.name === name)) throw new Error(`${name} is not in the list of labs`);
  if (chosen.some((lab) => lab.name === name)) describe(name, tests);
}
