// Whole files of which one a run is enough, because the others show most of it again.

import type { Suite } from "mocha";
import { chooseCases } from "../matrix";

type Describe = (name: string, tests: (this: Suite) => void) => void;

/** What each lab itself is held to, by the name of what opens it. */
export const describeLab = describeOneOf("what each lab is held to", [
  "openKubeadmLab (one node)",
  "openKubeadmLab (three nodes)",
  "openPksLab (etcd 3.3)",
  "openPksLab (etcd 3.4)",
  "openSystemdEtcdLab",
]);

/** What happens to etcd on hosts that are no PKS masters. */
export const describeEtcd = describeOneOf("etcd on hosts with systemd or kubeadm", [
  "etcd 3.5 under real systemd",
  "etcd 3.6 under real systemd",
  "stacked etcd of three real kubeadm nodes",
  "a replacement on real etcd that is killed",
  "etcd that is left alone",
]);

/** Describes only what is this run's. @throws Error for a name that is not among those that are chosen from. */
function describeOneOf(matrix: string, names: readonly string[]): Describe {
  const all = names.map((name) => ({ name }));
  const chosen = chooseCases(matrix, all, () => "one");
  return (name, tests) => {
    if (!names.includes(name)) throw new Error(`${name} is not among those of ${matrix}`);
    if (chosen.some((one) => one.name === name)) describe(name, tests);
  };
}
