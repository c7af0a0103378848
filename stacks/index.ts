// Picks the program by the stack's configuration: `quorate:topology`.

import * as pulumi from "@pulumi/pulumi";
import { declareBackup } from "./backup";
import { declareCloudFoundry } from "./cloud-foundry";
import { declareKubeadm } from "./kubeadm";
import { declareKubespray } from "./kubespray";
import { declarePks } from "./pks";

const topologies: Readonly<Record<string, () => void>> = {
  backup: declareBackup,
  kubeadm: declareKubeadm,
  kubespray: declareKubespray,
  pks: declarePks,
  "cloud-foundry": declareCloudFoundry,
};

const topology = new pulumi.Config("quorate").get("topology");
const declare = topology === undefined ? undefined : topologies[topology];
if (declare === undefined) {
  const known = Object.keys(topologies).join(", ");
  const found = topology === undefined ? "it is not set" : `it is ${JSON.stringify(topology)}`;
  throw new pulumi.RunError(
    `quorate:topology must be one of ${known}, and ${found}: quorate config set quorate:topology kubeadm`,
  );
}
declare();
