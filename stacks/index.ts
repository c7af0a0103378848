// Picks the program by the stack's configuration: `quorate:topology`.

import * as pulumi from "@pulumi/pulumi";
import { declareBackup } from "./backup";
import { declareCloudFoundry } from "./cloud-foundry";
import { declareKubeadm } from "./kubeadm";
import { declareKubespray } from "./kubespray";
import { declarePks } from "./pks";

const topologies: ReadonlyMap<string, () => void> = new Map([
  ["backup", declareBackup],
  ["cloud-foundry", declareCloudFoundry],
  ["kubeadm", declareKubeadm],
  ["kubespray", declareKubespray],
  ["pks", declarePks],
]);

const topology = new pulumi.Config("quorate").get("topology");
const declare = topology === undefined ? undefined : topologies.get(topology);
if (declare === undefined) {
  const known = [...topologies.keys()].join(", ");
  const found = topology === undefined ? "it is not set" : `it is ${JSON.stringify(topology)}`;
  throw new pulumi.RunError(
    `quorate:topology must be one of ${known}, and ${found}: quorate config set quorate:topology kubeadm`,
  );
}
declare();
