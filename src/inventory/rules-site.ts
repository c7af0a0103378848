// Rules about the rest of the site: the control plane, the broken groups, addresses, preparation, the command, and that
// nothing else has changed.

import { certificateFilesOf } from "./procedure";
import {
  brokenInNewOrder,
  evidence,
  evidenceInGroup,
  evidenceOfVariable,
  lineWith,
  met,
  notNeeded,
  ownError,
  placeInGroup,
  type Rule,
  violated,
} from "./proof-context";
import { factsOf } from "./situation";

const firstControlPlaneHost: Rule = {
  rule: "first-control-plane-host",
  title:
    "The first control plane host survived, or gets the cluster's certificates back first: it runs kubeadm init and kubectl.",
  check: (context) => {
    const { situation, preparation } = context;
    const group = situation.traits.controlPlaneGroup;
    const [first] = context.variables.tree.hostsOf(group);
    if (first === undefined) return violated(`group ${group} is empty`, ownError, "control-plane-group-missing");
    const lines = evidenceInGroup(context, group, [first]);
    const renamed = new Map(situation.request.replacements.map((r) => [r.newHost, r.oldHost]));
    if (!situation.brokenControlPlane.includes(renamed.get(first) ?? first))
      return met(`${first} is not broken.`, lines);
    const isPlaced = preparation.some((step) => step.kind === "placeKubernetesPki" && step.on === first);
    const isAllBroken = situation.brokenControlPlane.length === situation.controlPlaneHosts.length;
    if (!isPlaced || !isAllBroken) return violated(`the first control plane host, '${first}', is broken`, ownError);
    return met(`All control plane hosts are broken; prepare.yml has the certificates on ${first} first.`, lines);
  },
};

const brokenGroupsWritten: Rule = {
  rule: "broken-groups-written",
  title: "Both broken groups exist, even empty: the playbook's first condition fails without them.",
  check: (context) => {
    const groups = ["broken_etcd", context.situation.traits.brokenControlPlaneGroup];
    const missing = groups.find((group) => !context.variables.tree.has(group));
    if (missing !== undefined) return violated(`group ${missing} is missing`, ownError);
    return met(
      "Both are written.",
      evidence(
        context,
        groups.map((group) => placeInGroup(context, group)),
      ),
    );
  },
};

const brokenCopied: Rule = {
  rule: "broken-hosts-copied",
  title: "Broken hosts are copied into the broken groups, not moved: those replaced in place stay in their own group.",
  check: (context) => {
    const { situation, chosen } = context;
    const { tree } = context.variables;
    const etcd = new Set(tree.hostsOf("etcd"));
    const gone = brokenInNewOrder(context).find((host) => !etcd.has(host));
    if (gone !== undefined) return violated(`'${gone}' is no longer in [etcd]`, ownError);
    const listed = tree.hostsOf("broken_etcd");
    const wanted =
      chosen.emptyBecause.length > 0 ? [] : situation.brokenEtcd.filter((host) => host !== chosen.firstEtcd);
    if (listed.join() !== wanted.join()) return violated(`[broken_etcd] is '${listed}', not '${wanted}'`, ownError);
    if (listed.length > 0) return met(`${listed.join(", ")}.`, evidenceInGroup(context, "broken_etcd", listed));
    if (situation.brokenEtcd.length === 0) return met("No etcd host is broken.");
    return met(
      `[broken_etcd] is empty on purpose. ${chosen.emptyBecause.join(" ")}`,
      evidenceInGroup(context, "broken_etcd", []),
    );
  },
};

const brokenControlPlane: Rule = {
  rule: "broken-control-plane",
  title: "The broken control plane group is empty when no API server is left: the playbook waits for one, then aborts.",
  check: (context) => {
    const { situation } = context;
    const group = situation.traits.brokenControlPlaneGroup;
    const listed = context.variables.tree.hostsOf(group);
    const left = situation.controlPlaneHosts.filter((host) => !situation.brokenControlPlane.includes(host));
    const isSilent =
      situation.isQuorumKept && left.every((host) => factsOf(situation.facts, host)?.apiServerAnswers === false);
    const places = evidence(context, [
      placeInGroup(context, group),
      ...listed.map((host) => placeInGroup(context, group, host)),
    ]);
    if (left.length === 0 || isSilent) {
      if (listed.length > 0) return violated(`[${group}] lists '${listed}' and no API server is left`, ownError);
      return met("No API server is left; the Node objects are deleted afterwards.", places);
    }
    if (listed.join() !== situation.brokenControlPlane.join())
      return violated(`[${group}] lists '${listed}'`, ownError);
    return met(`${left.join(", ")} can serve the API.`, places);
  },
};

const mainAddresses: Rule = {
  rule: "main-addresses",
  title:
    "From v2.28 on every etcd and control plane host has main_ip and main_access_ip, which a fresh controller has not computed yet.",
  check: (context) => {
    const { traits } = context.situation;
    if (!traits.needsMainAddresses) return notNeeded("This kubespray version does not read them.");
    const { tree } = context.variables;
    const hosts = [...new Set([...tree.hostsOf("etcd"), ...tree.hostsOf(traits.controlPlaneGroup)])];
    for (const host of hosts) {
      for (const name of ["main_ip", "main_access_ip"]) {
        if (context.variables.text(host, name) === undefined) {
          return violated(`'${host}' has no ${name}`, `write ip=ADDRESS beside ${host}`, "main-address-unknown");
        }
      }
    }
    return met(`All ${hosts.length} hosts have both.`, evidenceOfVariable(context, hosts, "main_ip"));
  },
};

const certificateNames: Rule = {
  rule: "certificate-names",
  title: "The playbook's `rm *NAME*` deletes no other host's certificates.",
  check: (context) => {
    const listed = context.variables.tree.hostsOf("broken_etcd");
    if (listed.length === 0) return met("[broken_etcd] is empty: the playbook deletes none.");
    const others = context.written.hosts.map((host) => host.name).filter((name) => !listed.includes(name));
    const files = ["ca.pem", "ca-key.pem", ...others.flatMap(certificateFilesOf)].join("\n");
    const trap = listed.find((name) => files.includes(name));
    if (trap !== undefined) return violated(`\`*${trap}*\` would match files of other hosts`, ownError);
    return met(`No name in it (${listed.join(", ")}) is part of another host's file names.`);
  },
};

const stoppedAndArchived: Rule = {
  rule: "stopped-and-archived",
  title:
    "etcd is stopped and its data moved aside on every broken host, and with a lost quorum on every host but the source.",
  check: (context) => {
    const { situation, preparation, chosen } = context;
    const stopped = new Set(preparation.flatMap((step) => (step.kind === "stopAndArchive" ? [step.host] : [])));
    const etcd = context.variables.tree.hostsOf("etcd");
    const wanted = situation.isQuorumKept ? situation.brokenEtcd : [...situation.brokenEtcd, ...etcd.slice(1)];
    const missing = wanted.find((host) => !stopped.has(host) && host !== chosen.firstEtcd);
    if (missing !== undefined) return violated(`no step stops etcd on '${missing}'`, ownError);
    if (wanted.length === 0) return notNeeded("No etcd host is broken.");
    return met(
      `A step for ${[...stopped].join(", ")}.`,
      lineWith(context, "prepare.yml", "Stop etcd and move its data directory aside"),
    );
  },
};

const membersRemoved: Rule = {
  rule: "members-removed",
  title: "Broken members are removed by quorate before the playbook, because the joiners' names are no longer theirs.",
  check: (context) => {
    const { situation, preparation } = context;
    if (!situation.isQuorumKept) return notNeeded("A restored cluster has one member only.");
    const removals = preparation.filter((step) => step.kind === "removeMember");
    const wanted = situation.brokenEtcd.filter((host) => {
      const facts = factsOf(situation.facts, host);
      return facts === undefined || facts.member !== undefined;
    });
    if (removals.length !== wanted.length)
      return violated(`${wanted.length} members to remove, ${removals.length} steps`, ownError);
    if (wanted.length === 0) return notNeeded("There is no broken member to remove.");
    return met(
      `A step for each: ${removals.map((step) => step.memberName).join(", ")}.`,
      lineWith(context, "prepare.yml", "Remove the member"),
    );
  },
};

const etcdCa: Rule = {
  rule: "etcd-ca",
  title: "The etcd certificate authority and its key are on the first etcd host, else kubespray makes a new one.",
  check: (context) => {
    const [first] = context.variables.tree.hostsOf("etcd");
    const step = context.preparation.find((entry) => entry.kind === "placeEtcdCa");
    if (step?.kind !== "placeEtcdCa" || step.on !== first) return violated(`no step has it on '${first}'`, ownError);
    return met(
      `prepare.yml makes sure of it on ${first}.`,
      lineWith(context, "prepare.yml", "Is the etcd certificate authority in place"),
    );
  },
};

const preservedFirst: Rule = {
  rule: "preserved-first",
  title: "Before anything is changed a snapshot and the certificates are kept off the node.",
  check: (context) => {
    const { situation, preparation } = context;
    const step = preparation.find((entry) => entry.kind === "preserve");
    const { source } = situation.request;
    if (step === undefined) {
      const isGone = situation.brokenEtcd.length === situation.etcdHosts.length;
      if (isGone && source.kind === "snapshot")
        return met(`No data is left on any host; the snapshot ${source.path} is kept where it is.`);
      return violated("no step saves a snapshot", ownError);
    }
    if (preparation[0] !== step) return violated("something is changed before the snapshot is saved", ownError);
    if (!step.withSnapshot && source.kind !== "snapshot") return violated("no step saves a snapshot", ownError);
    return met(
      step.withSnapshot
        ? `From ${step.host}, brought to preserved/ on the controller.`
        : `The snapshot is a file on the controller; certificates come from ${step.host}.`,
      lineWith(
        context,
        "prepare.yml",
        step.withSnapshot ? "Keep the snapshot on the controller" : "Keep them on the controller",
      ),
    );
  },
};

const ansibleVersion: Rule = {
  rule: "ansible-version",
  title: "recover.sh refuses an Ansible that this tag does not accept.",
  check: (context) => {
    const { ansibleMin, ansibleBelow } = context.situation.traits;
    const bound = ansibleBelow === undefined ? `from ${ansibleMin} on` : `from ${ansibleMin} to below ${ansibleBelow}`;
    return met(`ansible-core ${bound}.`, lineWith(context, "recover.sh", "sort -V -C"));
  },
};

const command: Rule = {
  rule: "command",
  title: "The playbook is limited to etcd and the control plane and skips recovery by no tag.",
  check: (context) => {
    const { playbook } = context.command;
    const limit = `--limit etcd,${context.situation.traits.controlPlaneGroup}`;
    if (!playbook.includes(limit) || playbook.includes("--tags"))
      return violated("the command has the wrong limit or tags", ownError);
    return met(
      "The recovery plays have no tag of their own, so none is selected.",
      lineWith(context, "recover.sh", playbook),
    );
  },
};

const verifiedAfterwards: Rule = {
  rule: "verified-afterwards",
  title: "After the playbook every etcd member has to vote under its proven name, and every API server has to answer.",
  check: (context) =>
    met("verify.yml asks them, and recover.sh ends with it.", [
      ...lineWith(context, "verify.yml", "etcd has exactly the members"),
      ...lineWith(context, "verify.yml", "Every API server answers"),
      ...lineWith(context, "recover.sh", "/verify.yml"),
    ]),
};

/** The rules about everything but etcd's members, in the order in which they are shown. */
export const siteRules: readonly Rule[] = [
  firstControlPlaneHost,
  brokenGroupsWritten,
  brokenCopied,
  brokenControlPlane,
  mainAddresses,
  certificateNames,
  preservedFirst,
  stoppedAndArchived,
  membersRemoved,
  etcdCa,
  ansibleVersion,
  command,
  verifiedAfterwards,
];
