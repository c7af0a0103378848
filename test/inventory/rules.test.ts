import { expect } from "chai";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { checkWrittenRecovery, deriveRecovery } from "../../src/inventory/recovery";
import type { Site } from "../../src/model/inventory";
import { requestOf, type SituationCase, situations } from "./situations";

function situationNamed(name: string): SituationCase {
  const found = situations.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no situation ${name}`);
  return found;
}

/** What no longer holds when one file of a proven recovery is edited. */
function violationsAfter(name: string, path: string, edit: (text: string) => string): readonly string[] {
  const situation = situationNamed(name);
  const site: Site = {
    inventory: parseIniInventory("hosts.ini", situation.inventory),
    variablesFiles: [],
    extraVars: Object.keys(situation.extraVars ?? {}).map((file) => ({ path: file, variables: [] })),
  };
  const request = requestOf(situation);
  const result = deriveRecovery(site, request, situation.facts);
  if (result.kind === "refused") throw new Error(result.violations[0]?.message);
  const files = new Map(result.files.map((file) => [file.path, file.text]));
  const before = files.get(path) ?? "";
  const after = edit(before);
  expect(after, "the edit must change something").to.not.equal(before);
  files.set(path, after);
  return checkWrittenRecovery(site, request, situation.facts, files).map((violation) => violation.message);
}

describe("checkWrittenRecovery", () => {
  const cases: readonly {
    readonly title: string;
    readonly situation: string;
    readonly edit: (text: string) => string;
    readonly rule: string;
  }[] = [
    {
      title: "a broken host is moved to the front of etcd",
      situation: "last-of-three-broken-observed",
      edit: (text) => text.replace("[etcd]\ncp1\ncp2\ncp3", "[etcd]\ncp3\ncp1\ncp2"),
      rule: "first-etcd-host",
    },
    {
      title: "the seed's order, with a master first, is put back",
      situation: "seed-003-survivor-named",
      edit: (text) =>
        text.replace("[etcd]\ntaco-w1\n", "[etcd]\n").replace("taco-w2\n\n[broken", "taco-w2\ntaco-w1\n\n[broken"),
      rule: "first-etcd-host",
    },
    {
      title: "a host is taken out of etcd, as 'move' in old documents says",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("[etcd]\ncp2\ncp3\ncp1\n", "[etcd]\ncp2\ncp3\n"),
      rule: "odd-etcd-count",
    },
    {
      title: "a moved host is no longer in its own group",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("[etcd]\ncp2\ncp3\ncp1\n", "[etcd]\ncp2\ncp3\nw1\n"),
      rule: "broken-hosts-copied",
    },
    {
      title: "a name is no longer pinned",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace(" etcd_member_name=etcd2", ""),
      rule: "member-names-pinned",
    },
    {
      title: "a name is pinned twice",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("[broken_etcd]\ncp1", "[broken_etcd]\ncp1 etcd_member_name=cp-one"),
      rule: "member-names-pinned",
    },
    {
      title: "two hosts get one name",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("etcd_member_name=etcd2", "etcd_member_name=etcd3"),
      rule: "member-names-unique",
    },
    {
      title: "a survivor is renamed",
      situation: "two-of-five-broken-names-observed",
      edit: (text) => text.replace("etcd_member_name=etcd5", "etcd_member_name=etcd9"),
      rule: "member-names-kept",
    },
    {
      title: "a joiner gets its old name back, which is a position label",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("etcd_member_name=cp1", "etcd_member_name=etcd1"),
      rule: "join-names-free",
    },
    {
      title: "a host is listed broken although etcdctl 3.6 cannot restore",
      situation: "lost-quorum-etcd-3.6",
      edit: (text) => text.replace("[broken_etcd]\n", "[broken_etcd]\ncp2\n"),
      rule: "etcdctl-version",
    },
    {
      title: "hosts are listed broken where the playbook would count a lost quorum",
      situation: "one-member-left-of-an-earlier-restore",
      edit: (text) => text.replace("[broken_etcd]\n", "[broken_etcd]\ncp2\ncp3\n"),
      rule: "text-count-agrees",
    },
    {
      title: "broken_etcd is emptied with a lost quorum",
      situation: "seed-003-survivor-named",
      edit: (text) => text.replace("[broken_etcd]\ntaco-m1\ntaco-m2\ntaco-m3\n", "[broken_etcd]\n"),
      rule: "restore-not-skipped",
    },
    {
      title: "the first etcd host is listed broken",
      situation: "seed-003-survivor-named",
      edit: (text) => text.replace("[broken_etcd]\n", "[broken_etcd]\ntaco-w1\n"),
      rule: "first-not-listed-broken",
    },
    {
      title: "a broken host is first in the control plane",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("[kube_control_plane]\ncp2\ncp3\ncp1\n", "[kube_control_plane]\ncp1\ncp2\ncp3\n"),
      rule: "first-control-plane-host",
    },
    {
      title: "the header of broken_etcd is deleted",
      situation: "one-member-left-of-an-earlier-restore",
      edit: (text) => text.replace("[broken_etcd]\n", ""),
      rule: "broken-groups-written",
    },
    {
      title: "the header of broken_kube_control_plane is deleted",
      situation: "seed-003-survivor-named",
      edit: (text) => text.replace("[broken_kube_control_plane]\n", ""),
      rule: "broken-groups-written",
    },
    {
      title: "the seed's broken masters are listed with no API server left",
      situation: "seed-003-survivor-named",
      edit: (text) =>
        text.replace("[broken_kube_control_plane]\n", "[broken_kube_control_plane]\ntaco-m1\ntaco-m2\ntaco-m3\n"),
      rule: "broken-control-plane",
    },
    {
      title: "main_ip is deleted",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace(" main_ip=10.0.0.2", ""),
      rule: "main-addresses",
    },
    {
      title: "node1 is listed broken beside node10",
      situation: "name-prefix-node1-node10",
      edit: (text) => text.replace("[broken_etcd]\n", "[broken_etcd]\nnode1\n"),
      rule: "certificate-names",
    },
    {
      title: "another variable is changed",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("w1 ip=10.0.0.9", "w1 ip=10.0.0.8"),
      rule: "variables-unchanged",
    },
    {
      title: "a group is emptied",
      situation: "only-etcd1-broken",
      edit: (text) => text.replace("[kube_node]\nw1\n", "[kube_node]\n"),
      rule: "content-kept",
    },
    {
      title: "a comment is deleted",
      situation: "replacement-under-a-new-name",
      edit: (text) => text.replace("# prod\n", ""),
      rule: "content-kept",
    },
  ];
  for (const { title, situation, edit, rule } of cases) {
    it(`names rule ${rule} when ${title}`, () => {
      const messages = violationsAfter(situation, "hosts.ini", edit);
      expect(
        messages.some((message) => message.startsWith(`rule ${rule}: `)),
        messages.join("\n"),
      ).to.equal(true);
    });
  }

  it("finds nothing when only blank lines are added by hand", () => {
    expect(
      violationsAfter("only-etcd1-broken", "hosts.ini", (text) => text.replace("[etcd]", "\n\n[etcd]")),
    ).to.deep.equal([]);
  });

  it("finds scripts that were edited and files that are missing", () => {
    expect(violationsAfter("only-etcd1-broken", "recover.sh", (text) => `${text}reboot\n`)).to.deep.equal([
      "recover.sh is not what quorate would write now",
    ]);
    expect(violationsAfter("only-etcd1-broken", "recovery-vars.yml", () => "etcd_retries: 1\n")).to.deep.equal([
      "recovery-vars.yml is not what quorate would write now",
    ]);
  });

  it("finds an inventory that can no longer be read", () => {
    const messages = violationsAfter("only-etcd1-broken", "hosts.ini", () => "cp1 cp2 cp3\n");
    expect(messages).to.have.length(1);
    expect(messages[0]).to.match(/^hosts\.ini cannot be read \(hosts\.ini:1: /);
  });
});
