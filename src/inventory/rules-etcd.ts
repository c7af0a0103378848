// Rules about etcd: quorum, order, names, count. Source: the list of what must hold before the playbook is called, from
// kubespray's roles recover_control_plane/etcd and etcd (join_etcd_member.yml) at the tags v2.13.0 to HEAD.

import { isPositionLabel } from "./member-names";
import {
  brokenInNewOrder,
  evidenceInGroup,
  evidenceOfVariable,
  lineWith,
  met,
  notNeeded,
  ownError,
  type ProofContext,
  type Rule,
  stayingMembers,
  violated,
} from "./proof-context";
import { factsOf } from "./situation";

const quorumDecided: Rule = {
  rule: "quorum-decided",
  title: "The quorum is decided from votes, or from what the operator says, never from the playbook's text count.",
  check: ({ situation }) => {
    const { facts, isQuorumKept, etcdHosts, brokenEtcd } = situation;
    const state = isQuorumKept ? "kept" : "lost";
    const left = `${etcdHosts.length - brokenEtcd.length} of ${etcdHosts.length} voters are left`;
    return met(
      facts === undefined
        ? `By the hosts that are named broken ${left}: the quorum is ${state}.`
        : `The observed verdict is ${facts.verdict}; ${left}: the quorum is ${state}.`,
    );
  },
};

const firstEtcdHost: Rule = {
  rule: "first-etcd-host",
  title:
    "The first host of [etcd] survived: it signs the certificates, is the target of a restore, and every command runs there.",
  check: (context) => {
    const { situation, chosen } = context;
    const [first] = context.variables.tree.hostsOf("etcd");
    if (first === undefined || first !== renamedTo(context, chosen.firstEtcd)) {
      return violated(`the first host of [etcd] is '${first}', not '${chosen.firstEtcd}'`, ownError);
    }
    const lines = evidenceInGroup(context, "etcd", [first]);
    if (!situation.brokenEtcd.includes(chosen.firstEtcd)) return met(`${first} is not broken.`, lines);
    if (situation.brokenEtcd.length < situation.etcdHosts.length) {
      return violated(`the first host of [etcd], '${first}', is broken although others survived`, ownError);
    }
    return met(`No etcd host survived; ${first} is restored from the snapshot before anything joins.`, lines);
  },
};

const sourceNewest: Rule = {
  rule: "data-source",
  title: "What is restored is the newest data there is, or what the operator chose by name.",
  check: (context) => {
    const { request, isQuorumKept, facts } = context.situation;
    if (isQuorumKept) return notNeeded("Nothing is restored while the quorum is kept.");
    switch (request.source.kind) {
      case "none":
        return violated(
          "the quorum is lost and no source is named",
          "name --snapshot or --source-survivor",
          "data-source-missing",
        );
      case "snapshot":
        return met(
          `The snapshot ${request.source.path} was named. Writes after it are lost.`,
          [
            ...lineWith(context, "recovery-vars.yml", "etcd_snapshot"),
            ...lineWith(context, "recover.sh", request.source.path),
          ].slice(0, 1),
        );
      case "survivor": {
        const index = factsOf(facts, request.source.host)?.raftIndex;
        return met(
          index === undefined
            ? `The survivor ${request.source.host} was named; whether another is ahead of it was not observed.`
            : `The survivor ${request.source.host} has raft index ${index}; no other survivor is ahead of it.`,
        );
      }
    }
  },
};

const oddCount: Rule = {
  rule: "odd-etcd-count",
  title: "Group etcd has an odd number of hosts.",
  check: (context) => {
    const count = context.variables.tree.hostsOf("etcd").length;
    if (count % 2 === 0) return violated(`the written group etcd has ${count} hosts`, ownError, "even-etcd-count");
    return met(`It has ${count}.`, evidenceInGroup(context, "etcd", []));
  },
};

const namesPinned: Rule = {
  rule: "member-names-pinned",
  title:
    "Every host of etcd and broken_etcd has its etcd_member_name beside it, because the order that gave the default has changed.",
  check: (context) => {
    const { tree } = context.variables;
    const hosts = [...new Set([...tree.hostsOf("etcd"), ...tree.hostsOf("broken_etcd")])];
    const twice = context.written.repetitions.find((entry) => entry.subject === "etcd_member_name");
    if (twice !== undefined) return violated(`'${twice.host}' has two etcd_member_name`, ownError);
    const without = hosts.find((host) => context.variables.text(host, "etcd_member_name") === undefined);
    if (without !== undefined) return violated(`'${without}' has no etcd_member_name`, ownError);
    return met(`All ${hosts.length} have one.`, evidenceOfVariable(context, hosts, "etcd_member_name"));
  },
};

const namesUnique: Rule = {
  rule: "member-names-unique",
  title: "No two hosts of etcd have the same etcd_member_name.",
  check: (context) => {
    const owners = new Map<string, string>();
    for (const host of context.variables.tree.hostsOf("etcd")) {
      const name = context.variables.text(host, "etcd_member_name") ?? "";
      const owner = owners.get(name);
      if (owner !== undefined)
        return violated(`'${owner}' and '${host}' are both named '${name}'`, ownError, "duplicate-member-name");
      owners.set(name, host);
    }
    return met(`The ${owners.size} names differ.`);
  },
};

const namesKept: Rule = {
  rule: "member-names-kept",
  title: "Members that stay keep the name that the cluster knows them by.",
  check: (context) => {
    const { situation } = context;
    const staying = stayingMembers(context);
    for (const host of staying) {
      const position = situation.etcdHosts.indexOf(host) + 1;
      const observed = factsOf(situation.facts, host)?.member?.name;
      const real = observed || (situation.variables.text(host, "etcd_member_name") ?? `etcd${position}`);
      const name = context.variables.text(host, "etcd_member_name");
      if (position > 0 && name !== real)
        return violated(`'${host}' is member '${real}' and was named '${name}'`, ownError);
    }
    const source = situation.facts === undefined ? "taken from the original inventory or its numbering" : "as observed";
    return met(
      `${staying.length === 1 ? "One stays" : `${staying.length} stay`}; names ${source}.`,
      evidenceOfVariable(context, staying, "etcd_member_name"),
    );
  },
};

const joinNames: Rule = {
  rule: "join-names-free",
  title: "No joiner has a name that kubespray's join file could give to a member already there (etcd + its position).",
  check: (context) => {
    const etcd = context.variables.tree.hostsOf("etcd");
    const staying = new Set(stayingMembers(context));
    const joiners = etcd.filter((host) => !staying.has(host));
    if (joiners.length === 0) return notNeeded("No member joins.");
    for (const host of joiners) {
      const name = context.variables.text(host, "etcd_member_name") ?? "";
      if (isPositionLabel(name, etcd.length))
        return violated(`the joiner '${host}' is named '${name}', a position label`, ownError);
    }
    return met(
      `${joiners.length} join, none under etcd1 to etcd${etcd.length}.`,
      evidenceOfVariable(context, joiners, "etcd_member_name"),
    );
  },
};

const etcdctlFits: Rule = {
  rule: "etcdctl-version",
  title:
    "The playbook only uses etcdctl in a way that the installed version knows and answers as the playbook expects.",
  check: (context) => {
    const { situation, variables } = context;
    const { etcdMinor, traits, facts } = situation;
    const isShown = variables.tree.hostsOf("broken_etcd").length > 0;
    const source = facts?.hosts.some((host) => host.etcdVersion !== undefined) ? "observed" : "what this tag installs";
    if (!isShown)
      return met(
        `[broken_etcd] is empty, so the playbook's etcd role runs no etcdctl (etcd 3.${etcdMinor}, ${source}).`,
      );
    if (!traits.countsHealthOf.includes(etcdMinor)) {
      return violated(
        `this kubespray version misreads etcdctl 3.${etcdMinor}, and [broken_etcd] is not empty`,
        ownError,
      );
    }
    if (!situation.isQuorumKept && etcdMinor >= 6) {
      return violated("etcdctl 3.6 has no `snapshot restore`, and [broken_etcd] is not empty", ownError);
    }
    return met(`etcdctl 3.${etcdMinor} (${source}) prints what this tag counts.`);
  },
};

const textCount: Rule = {
  rule: "text-count-agrees",
  title: "The playbook's own count of healthy and unhealthy lines comes out as the verdict, or is never made.",
  check: (context) => {
    const { tree } = context.variables;
    if (tree.hostsOf("broken_etcd").length === 0) return met("[broken_etcd] is empty: the playbook does not count.");
    const etcd = tree.hostsOf("etcd");
    const broken = new Set(brokenInNewOrder(context));
    // Without a quorum no endpoint proves itself healthy, whatever it holds.
    const healthy = context.situation.isQuorumKept ? etcd.filter((host) => !broken.has(host)).length : 0;
    const unhealthy = etcd.length - healthy;
    const isKeptToPlaybook = healthy >= unhealthy;
    if (isKeptToPlaybook !== context.situation.isQuorumKept) {
      return violated(
        `the playbook would count ${healthy} healthy and ${unhealthy} unhealthy and take the wrong way`,
        ownError,
      );
    }
    return met(
      `It will count ${healthy} healthy and ${unhealthy} unhealthy: quorum ${isKeptToPlaybook ? "kept" : "lost"}.`,
    );
  },
};

const restoreNotSkipped: Rule = {
  rule: "restore-not-skipped",
  title: "With a lost quorum the restore happens: by the playbook only when [broken_etcd] is not empty.",
  check: (context) => {
    const { chosen, situation } = context;
    if (situation.isQuorumKept) return notNeeded("Nothing is restored.");
    const listed = context.variables.tree.hostsOf("broken_etcd");
    const first = context.variables.tree.hostsOf("etcd")[0];
    const isRestoredBefore = context.preparation.some((step) => step.kind === "restore" && step.on === first);
    if (chosen.procedure.kind === "restore-by-playbook") {
      if (listed.length === 0 || isRestoredBefore) return violated("the playbook would skip the restore", ownError);
      return met(`[broken_etcd] lists ${listed.length}.`, evidenceInGroup(context, "broken_etcd", listed));
    }
    if (listed.length > 0 || !isRestoredBefore)
      return violated("both or neither of quorate and the playbook would restore", ownError);
    return met("quorate restores before the playbook, which finds a healthy member and an empty [broken_etcd].");
  },
};

const firstNotInBroken: Rule = {
  rule: "first-not-listed-broken",
  title: "The first etcd host is not in [broken_etcd]: the playbook would delete its certificates.",
  check: (context) => {
    const [first = ""] = context.variables.tree.hostsOf("etcd");
    const isListed = context.variables.tree.hostsOf("broken_etcd").includes(first);
    return isListed ? violated(`'${first}' is in [broken_etcd]`, ownError) : met(`${first} is not in it.`);
  },
};

function renamedTo({ situation }: ProofContext, host: string): string {
  return situation.request.replacements.find((r) => r.oldHost === host)?.newHost ?? host;
}

/** The rules about etcd, in the order in which they are shown. */
export const etcdRules: readonly Rule[] = [
  quorumDecided,
  firstEtcdHost,
  sourceNewest,
  oddCount,
  namesPinned,
  namesUnique,
  namesKept,
  joinNames,
  etcdctlFits,
  textCount,
  restoreNotSkipped,
  firstNotInBroken,
];
