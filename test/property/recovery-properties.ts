// What must hold for every recovery inventory: each rule, judged anew from the site and not from the proof.

import { expect } from "chai";
import * as fc from "fast-check";
import { GroupTree } from "../../src/inventory/group-tree";
import { isPositionLabel } from "../../src/inventory/member-names";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { certificateFilesOf } from "../../src/inventory/procedure";
import { checkWrittenRecovery, deriveRecovery } from "../../src/inventory/recovery";
import type { InventoryValue } from "../../src/model/inventory";
import type { EtcdFacts, RecoveryRequest } from "../../src/model/inventory-recovery";
import { renderIniInventory } from "../../src/render/inventory";
import { hostName } from "./inventories";
import type { RandomProperty } from "./random-property";

/** A site, what of it is broken, and what is known and asked for. */
interface Trouble {
  readonly hosts: readonly string[];
  readonly etcd: readonly string[];
  readonly controlPlane: readonly string[];
  readonly brokenEtcd: readonly string[];
  readonly brokenControlPlane: readonly string[];
  readonly minor: number;
  readonly source: "none" | "snapshot" | "survivor";
  readonly observed: boolean;
}

const troubles: fc.Arbitrary<Trouble> = fc
  .uniqueArray(hostName, { minLength: 1, maxLength: 12 })
  .chain((hosts) =>
    fc.record({
      hosts: fc.constant(hosts),
      etcd: fc.shuffledSubarray(hosts, { minLength: 1 }),
      controlPlane: fc.shuffledSubarray(hosts, { minLength: 1 }),
      seedEtcd: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      seedPlane: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      minor: fc.constantFrom(13, 15, 17, 18, 24, 25, 28, 30, 31),
      source: fc.constantFrom("none" as const, "snapshot" as const, "survivor" as const),
      observed: fc.boolean(),
    }),
  )
  .map(({ seedEtcd, seedPlane, ...rest }) => ({
    ...rest,
    brokenEtcd: rest.etcd.filter((_, index) => seedEtcd[index]),
    brokenControlPlane: rest.controlPlane.filter((_, index) => seedPlane[index]),
  }));

function inventoryText({ hosts, etcd, controlPlane, minor }: Trouble): string {
  const all = hosts.map((host, index) => `${host} ip=10.0.0.${index + 1}`);
  const group = minor >= 16 ? "kube_control_plane" : "kube-master";
  return ["[all]", ...all, `[${group}]`, ...controlPlane, "[etcd]", ...etcd, ""].join("\n");
}

function factsFor(trouble: Trouble): EtcdFacts | undefined {
  if (!trouble.observed) return undefined;
  const left = trouble.etcd.length - trouble.brokenEtcd.length;
  const isKept = left >= Math.floor(trouble.etcd.length / 2) + 1;
  // Members are named against the order of the group, as after an earlier recovery.
  const hosts = trouble.etcd.map((host, index) => {
    const name = `etcd${trouble.etcd.length - index}`;
    const member = { id: (index + 1).toString(16), name, peerUrl: `https://10.0.0.${index + 1}:2380` };
    const isBroken = trouble.brokenEtcd.includes(host);
    return { host, isReachable: !isBroken, isHealthyVoter: !isBroken, member, raftIndex: BigInt(index) };
  });
  const verdict = isKept ? (trouble.brokenEtcd.length === 0 ? "healthy" : "minority-lost") : "quorum-lost";
  return { verdict, hosts };
}

function requestFor(trouble: Trouble): RecoveryRequest {
  const survivors = trouble.etcd.filter((host) => !trouble.brokenEtcd.includes(host));
  const survivor = survivors.at(-1) ?? trouble.etcd[0] ?? "";
  return {
    brokenEtcd: trouble.brokenEtcd,
    brokenControlPlane: trouble.brokenControlPlane,
    replacements: [],
    source:
      trouble.source === "snapshot"
        ? { kind: "snapshot", path: "/backup/etcd.db" }
        : trouble.source === "survivor"
          ? { kind: "survivor", host: survivor }
          : { kind: "none" },
    flavor: "kubespray",
    tree: { major: 2, minor: trouble.minor, patch: 0 },
    inventoryAs: "hosts.ini",
    recoveryVarsAs: "recovery-vars.yml",
    withFollowUp: false,
  };
}

export const keepsEveryRule: RandomProperty<Trouble, "proven" | "refused"> = {
  name: "derives a recovery that keeps every rule or refuses it with a smallest change",
  inputs: troubles,
  check: (trouble) => {
    const inventory = parseIniInventory("hosts.ini", inventoryText(trouble));
    const site = { inventory, variablesFiles: [], extraVars: [] };
    const facts = factsFor(trouble);
    const request = requestFor(trouble);
    const result = deriveRecovery(site, request, facts);
    if (result.kind === "refused") {
      expect(result.violations).to.not.be.empty;
      for (const violation of result.violations) {
        // Nothing that quorate wrote itself may fail its own proof.
        expect(violation.code, violation.message).to.not.equal("proof-failed");
        expect(violation.smallestChange).to.not.equal("");
      }
      return "refused";
    }
    const text = result.files.find((file) => file.path === "hosts.ini")?.text ?? "";
    const written = parseIniInventory("hosts.ini", text);
    const tree = new GroupTree(written);
    const etcd = tree.hostsOf("etcd");
    const nameOf = (host: string): InventoryValue | undefined =>
      written.hosts.find((entry) => entry.name === host)?.variables.find((v) => v.name === "etcd_member_name")?.value;
    const left = trouble.etcd.filter((host) => !trouble.brokenEtcd.includes(host));
    const isKept = left.length >= Math.floor(trouble.etcd.length / 2) + 1;
    const staying = isKept ? left : etcd.slice(0, 1);
    const listed = tree.hostsOf("broken_etcd");
    const [first = ""] = etcd;

    expect([...etcd].sort(), "the same hosts").to.deep.equal([...trouble.etcd].sort());
    expect(etcd.length % 2, "odd count").to.equal(1);
    if (left.length > 0) expect(left, "first survived").to.include(first);
    expect(new Set(etcd.map(nameOf)).size, "unique names").to.equal(etcd.length);
    for (const host of etcd.filter((entry) => !staying.includes(entry))) {
      expect(isPositionLabel(String(nameOf(host)), etcd.length), `${host} joins as ${nameOf(host)}`).to.equal(false);
    }
    for (const host of staying) {
      const index = trouble.etcd.indexOf(host);
      expect(nameOf(host)).to.equal(facts?.hosts[index]?.member?.name ?? `etcd${index + 1}`);
    }
    expect(tree.has("broken_etcd")).to.equal(true);
    expect(listed).to.not.include(first);
    if (listed.length > 0) {
      const healthy = isKept ? left.length : 0;
      expect(healthy >= etcd.length - healthy, "the playbook's count").to.equal(isKept);
      const files = [
        "ca.pem",
        "ca-key.pem",
        ...trouble.hosts.filter((host) => !listed.includes(host)).flatMap(certificateFilesOf),
      ];
      for (const name of listed)
        expect(
          files.filter((file) => file.includes(name)),
          `rm *${name}*`,
        ).to.deep.equal([]);
    }
    const stopped = result.proof.preparation.flatMap((step) => (step.kind === "stopAndArchive" ? [step.host] : []));
    expect(stopped).to.include.members(isKept ? [...trouble.brokenEtcd] : etcd.slice(1));
    const restored = result.proof.preparation.some((step) => step.kind === "restore");
    expect(!isKept).to.equal(restored || (!isKept && listed.length > 0));
    expect(restored && listed.length > 0, "restored twice").to.equal(false);
    const plane = trouble.minor >= 16 ? "kube_control_plane" : "kube-master";
    const upPlane = trouble.controlPlane.filter((host) => !trouble.brokenControlPlane.includes(host));
    if (upPlane.length > 0) expect(upPlane).to.include(tree.hostsOf(plane)[0]);
    else expect(tree.hostsOf(`broken_${plane}`)).to.deep.equal([]);
    const texts = new Map(result.files.map((file) => [file.path, file.text]));
    expect(checkWrittenRecovery(site, request, facts, texts)).to.deep.equal([]);
    return "proven";
  },
};

const sites = fc.record({
  size: fc.integer({ min: 1, max: 5000 }),
  members: fc.constantFrom(1, 3, 5, 7),
  broken: fc.integer({ min: 0, max: 3 }),
});

interface LargeSite {
  readonly size: number;
  readonly members: number;
  readonly broken: number;
}

export const provesAnySize: RandomProperty<LargeSite> = {
  name: "proves or refuses sites of up to five thousand hosts",
  inputs: sites,
  check: ({ size, members, broken }) => {
    const hosts = Array.from({ length: size }, (_, index) => `n${index + 1}`);
    const etcd = hosts.slice(0, Math.min(members, size));
    const all = hosts.map((host, index) => `${host} ip=10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    const range = `n[1:${size}]`;
    const lines = ["[all]", ...all, "[kube_control_plane]", ...etcd, "[etcd]", ...etcd, "[kube_node]", range, ""];
    const inventory = parseIniInventory("hosts.ini", lines.join("\n"));
    const brokenEtcd = etcd.slice(0, broken);
    const request: RecoveryRequest = {
      brokenEtcd,
      brokenControlPlane: brokenEtcd,
      replacements: [],
      source: { kind: "none" },
      flavor: "kubespray",
      tree: { major: 2, minor: 28, patch: 1 },
      inventoryAs: "hosts.ini",
      recoveryVarsAs: "recovery-vars.yml",
      withFollowUp: false,
    };
    const result = deriveRecovery({ inventory, variablesFiles: [], extraVars: [] }, request, undefined);
    const isKept = broken > 0 && brokenEtcd.length < etcd.length / 2 && etcd.length % 2 === 1;
    const codes = result.kind === "refused" ? result.violations.map((violation) => violation.code) : [];
    expect(result.kind === "proven", codes.join()).to.equal(isKept);
    expect(codes).to.not.include("proof-failed");
    if (result.kind === "refused") return;
    const text = result.files.find((file) => file.path === "hosts.ini")?.text ?? "";
    const written = parseIniInventory("hosts.ini", text);
    expect(written.hosts).to.have.length(size);
    expect(renderIniInventory(written)).to.equal(text);
  },
};
