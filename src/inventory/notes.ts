// What the operator should know and what is left to do, in sentences.

import type { DerivedInventory } from "./derive";
import { isPositionLabel } from "./member-names";
import type { ChosenProcedure } from "./procedure";
import type { Situation } from "./situation";

/** Where and why this inventory is not what a reader of kubespray's or tacoplay's documents would write. */
export function recoveryNotes(
  situation: Situation,
  chosen: ChosenProcedure,
  derived: DerivedInventory,
): readonly string[] {
  const { traits, request } = situation;
  const notes = [...situation.notes, ...derived.names.notes];
  const { before, after } = derived.names;
  const renamed = situation.etcdHosts.filter((host) => after.has(host) && after.get(host) !== before.get(host));
  const colliding = renamed.filter((host) => isPositionLabel(before.get(host) ?? "", derived.etcd.length));
  if (colliding.length > 0) {
    const shown = colliding.slice(0, 10).map((host) => `${host} (${before.get(host)} to ${after.get(host)})`);
    notes.push(
      `Joiners get new member names: ${shown.join(", ")}. kubespray calls the members already there etcd1, etcd2 and so on by ` +
        "their position, and a joiner under such a name can stop the whole cluster. The documents keep the old names.",
    );
  }
  if (derived.isApiGone && situation.brokenControlPlane.length > 0) {
    notes.push(
      `[${traits.brokenControlPlaneGroup}] is empty although ${situation.brokenControlPlane.join(", ")} are broken: with no API server left the playbook ` +
        "waits 60 s for one and aborts. The documents list them there.",
    );
  }
  if (!situation.isQuorumKept) {
    const joiners = situation.etcdHosts.filter(
      (host) => host !== chosen.firstEtcd && !situation.brokenEtcd.includes(host),
    );
    if (joiners.length > 0) {
      notes.push(
        `${joiners.join(", ")} survived and still holds data of the old cluster; it is stopped and archived first and joins the restored ` +
          "cluster as a new member. Left running, it would answer with another cluster id. The documents leave it alone.",
      );
    }
    if (request.source.kind === "survivor" && situation.facts === undefined) {
      notes.push(
        `Whether ${request.source.host} is the most advanced survivor was not observed. Writes that only another one has would be lost.`,
      );
    }
  }
  for (const reason of chosen.emptyBecause)
    notes.push(`${reason} So [broken_etcd] is empty and quorate does that part itself.`);
  if (request.flavor === "taco" || !situation.isQuorumKept) {
    notes.push(
      "`chmod 777 /etc/kubernetes` is not needed and opens every key to every user: the play runs with become (-b), and root reads files of mode 0600.",
    );
  }
  if (situation.site.variablesFiles.some((file) => file.variables === undefined)) {
    const vaulted = situation.site.variablesFiles
      .filter((file) => file.variables === undefined)
      .map((file) => file.path);
    notes.push(
      `Vaulted and not read: ${vaulted.join(", ")}. Copied as they are; prepare.yml checks that Ansible sees the proven names and order in spite of them.`,
    );
  }
  return notes;
}

/** What is left after the playbook. */
export function followUpWork(situation: Situation, derived: DerivedInventory): readonly string[] {
  const { traits, request } = situation;
  const work: string[] = [];
  if (!request.withFollowUp) {
    work.push(
      "Run cluster.yml without a limit: the workers' nginx-proxy and calico still know the old hosts. (recover.sh does it when asked with --follow-up.)",
    );
  }
  work.push(
    "Compare hashkv of all members at one revision, and the member list with group etcd.",
    "Look at --etcd-servers in /etc/kubernetes/manifests/kube-apiserver.yaml, at kubeadm-config in kube-system and at cluster-info in kube-public.",
    "Use the written inventory from now on: the original numbers the members otherwise.",
  );
  if (derived.isApiGone && situation.brokenControlPlane.length > 0) {
    const nodes = situation.brokenControlPlane.filter((host) => !derived.controlPlane.includes(host));
    work.push(
      nodes.length > 0
        ? `Delete the Node objects of hosts that are gone: ${nodes.join(", ")}.`
        : "Check the Node objects of the rebuilt control plane; an old one is deleted by hand.",
    );
  }
  if (!situation.isQuorumKept) {
    work.push(
      "Restart controllers and kubelets that watched the old revision, and look for Nodes, Leases and masterleases from the past.",
    );
  }
  if (request.replacements.length > 0) {
    work.push(
      "New addresses: correct the load balancer, cluster-info and the workers' API server address where they named the old host.",
    );
  }
  if (traits.etcdMinor >= 5)
    work.push("The etcd-events cluster, where there is one, is never recovered by kubespray: look at it apart.");
  return work;
}
