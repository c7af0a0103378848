import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import * as fc from "fast-check";
import { EffectiveVariables } from "../../src/inventory/effective-variables";
import { GroupTree } from "../../src/inventory/group-tree";
import { readSite } from "../../src/inventory/read-site";
import { deriveRecovery } from "../../src/inventory/recovery";
import { writeRecovery } from "../../src/inventory/write-recovery";
import type { Inventory, InventoryGroup, Site } from "../../src/model/inventory";
import { renderIniInventory, renderYamlInventory } from "../../src/render/inventory";
import { requestOf, type SituationCase, situations } from "../inventory/situations";
import { chooseCases } from "../matrix";
import { inventories } from "../property/inventories";
import { propertyParameters, replayWith } from "../property/parameters";
import {
  type AnsibleLister,
  type AnsibleListing,
  type AnsibleTools,
  ansibleTools,
  listWithAnsible,
  openLister,
} from "./ansible";

/** What quorate makes of a site, in the words of `ansible-inventory --list`. */
function listWithQuorate(site: Site): object {
  const tree = new GroupTree(site.inventory);
  const variables = new EffectiveVariables(site);
  const groups = site.inventory.groups.filter((group) => group.name !== "all" && group.name !== "ungrouped");
  const hostvars = site.inventory.hosts.map(({ name }) => {
    const entries = [...variables.of(name)].map(([key, variable]) => [key, variable.value] as const);
    return [name, Object.fromEntries(entries)] as const;
  });
  return {
    hosts: Object.fromEntries(groups.map((group) => [group.name, inComparableOrder(group, tree.hostsOf(group.name))])),
    hostvars: Object.fromEntries(hostvars),
  };
}

/** --list sorts child groups by name, so the order of hosts is only told of groups that have none. */
function inComparableOrder(group: InventoryGroup, hosts: readonly string[]): readonly string[] {
  return group.children.length === 0 ? hosts : [...hosts].sort();
}

function hostsOf(listing: AnsibleListing, group: string): readonly string[] {
  const found = new Set<string>();
  let level = [group];
  while (level.length > 0) {
    const entries = level.map(
      (name) => listing[name] as { hosts?: readonly string[]; children?: readonly string[] } | undefined,
    );
    for (const entry of entries) for (const host of entry?.hosts ?? []) found.add(host);
    level = entries.flatMap((entry) => entry?.children ?? []);
  }
  return [...found];
}

/** The same for Ansible's listing, which leaves out variables of hosts that have none. */
function listingOf(listing: AnsibleListing, inventory: Inventory): object {
  const groups = inventory.groups.filter((group) => group.name !== "all" && group.name !== "ungrouped");
  return {
    hosts: Object.fromEntries(
      groups.map((group) => [group.name, inComparableOrder(group, hostsOf(listing, group.name))]),
    ),
    hostvars: Object.fromEntries(inventory.hosts.map(({ name }) => [name, listing._meta.hostvars[name] ?? {}])),
  };
}

/** JSON has one kind of number: a 64-bit one is compared as JavaScript reads it from Ansible's answer. */
function asJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner)));
}

function writeOriginal(folder: string, situation: SituationCase): string {
  const path = join(folder, situation.format === "ini" ? "hosts.ini" : "hosts.yml");
  const files = { ...situation.beside, ...situation.extraVars };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(path, situation.inventory);
  return path;
}

describe("ansible-inventory --list", function () {
  this.timeout(300_000);
  let tools: AnsibleTools & { readonly kind: "ready" };
  let lister: AnsibleLister;
  let folder: string;

  before(async function () {
    const found = await ansibleTools();
    if (found.kind === "missing") {
      console.log(`    skipped: ${found.reason}`);
      return this.skip();
    }
    tools = found;
    lister = openLister(found);
    folder = mkdtempSync(join(tmpdir(), "quorate-inventory-"));
  });

  after(() => {
    lister?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  // A file of its own that is vaulted needs a password to be read at all; quorate carries it and Ansible alone opens it.
  const readable = situations.filter(
    (situation) => !Object.values(situation.beside ?? {}).some((text) => text.startsWith("$ANSIBLE_VAULT")),
  );

  const kindOf = ({ format, refusedWith }: SituationCase) =>
    `${format} ${refusedWith === undefined ? "proven" : "refused"}`;
  for (const situation of chooseCases("inventories read by Ansible", readable, kindOf)) {
    it(`agrees with quorate on hosts, groups and variables of ${situation.name}, before and after`, async () => {
      const original = join(folder, situation.name);
      mkdirSync(original);
      const path = writeOriginal(original, situation);
      const extraVars = Object.keys(situation.extraVars ?? {}).map((name) => join(original, name));
      const site = readSite(path, { paths: extraVars, playbookFolder: undefined });
      expect(listWithQuorate(site)).to.deep.equal(listingOf(await lister.list(path), site.inventory));

      const result = deriveRecovery(site, requestOf(situation), situation.facts);
      if (result.kind === "refused") return;
      const recovery = join(folder, `${situation.name}-recovery`);
      writeRecovery(recovery, result.files, original);
      const written = readSite(join(recovery, situation.format === "ini" ? "hosts.ini" : "hosts.yml"), {
        paths: [],
        playbookFolder: undefined,
      });
      const listing = await lister.list(written.inventory.path);
      expect(listWithQuorate(written)).to.deep.equal(listingOf(listing, written.inventory));
    });
  }

  it("shows seed 003 as a lost quorum that starts from the survivor ahead", async () => {
    const situation = situations.find((entry) => entry.name === "seed-003-observed-second-survivor-ahead");
    if (situation === undefined) throw new Error("the situation is gone");
    const original = join(folder, "seed");
    mkdirSync(original);
    const site = readSite(writeOriginal(original, situation), { paths: [], playbookFolder: undefined });
    const result = deriveRecovery(site, requestOf(situation), situation.facts);
    if (result.kind === "refused") throw new Error(result.violations[0]?.message);
    writeRecovery(join(folder, "seed-recovery"), result.files, original);
    const listing = await listWithAnsible(tools, join(folder, "seed-recovery", "hosts.ini"));
    const nameOf = (host: string): unknown => listing._meta.hostvars[host]?.etcd_member_name;
    const etcd = hostsOf(listing, "etcd");
    expect(etcd).to.deep.equal(["taco-w2", "taco-m1", "taco-m2", "taco-m3", "taco-w1"]);
    expect(nameOf("taco-w2")).to.equal("etcd5");
    for (const joiner of etcd.slice(1))
      expect(nameOf(joiner))
        .to.be.a("string")
        .that.does.not.match(/^etcd\d+$/);
    expect(new Set(etcd.map(nameOf)).size).to.equal(5);
    expect(hostsOf(listing, "broken_etcd")).to.deep.equal(["taco-m1", "taco-m2", "taco-m3"]);
    expect(hostsOf(listing, "kube_control_plane")[0]).to.equal("taco-m1");
    expect(result.proof.preparation).to.deep.include({ kind: "stopAndArchive", host: "taco-w1", isOptional: false });
    expect(result.proof.preparation).to.deep.include({ kind: "placeKubernetesPki", on: "taco-m1", backup: undefined });
    // --list leaves out a group without hosts, so that it is there is asked of the group's own answer.
    const text = result.files.find((file) => file.path === "hosts.ini")?.text;
    expect(text).to.match(/^\[broken_kube_control_plane\]$/m);
    expect(hostsOf(listing, "broken_kube_control_plane")).to.deep.equal([]);
  });

  for (const format of ["ini", "yaml"] as const) {
    it(`reads generated inventories in ${format} as quorate does`, async () => {
      const render = format === "ini" ? renderIniInventory : renderYamlInventory;
      for (const [index, inventory] of fc
        .sample(inventories(format), propertyParameters(`Ansible: inventories in ${format}`, { numRuns: 12 }))
        .entries()) {
        const path = join(folder, `generated-${index}.${format === "ini" ? "ini" : "yml"}`);
        const text = render(inventory);
        writeFileSync(path, text);
        const site = readSite(path, { paths: [], playbookFolder: undefined });
        const listing = listingOf(await lister.list(path), site.inventory);
        expect(asJson(listWithQuorate(site)), `with ${replayWith}:\n${text}`).to.deep.equal(asJson(listing));
      }
    });
  }

  it("agrees with quorate on every kind of value, quoting, range and comment of INI", async () => {
    const path = join(folder, "odd.ini");
    const lines = [
      "# a comment",
      "; another",
      "lone ansible_host=192.0.2.1",
      "[odd] # comment after a header",
      'h1:2222 a=1 b=1.50 c=True d=true e=None f="a b" g=\'x "y" z\' h=0x1F i=1_000 j=01 k=-5 # tail',
      "h2 l=\"[1, 'two', None]\" m=\"{'a': (1, 2), 'b': [3]}\" n= o=a=b p=a\\ b q=x#y",
      "h3 r=\"'quoted'\" s='\"True\"' t=1e3 u=.5 v=12345678901234 w=\"'a' 'b'\" x=\"'\\\\u00e9\\\\n'\" y=\"r'\\\\n'\"",
      "n[01:03].example.org zone=z[1:2]",
      "x[a:c]-[0:4:2]",
      "[2001:db8::1]:22",
      "odd_host-name.example ansible_host=fd00::1",
      "[empty]",
      "[parent:children]",
      "odd   # comment after a child",
      "empty",
      "[parent:vars]",
      "one = 1 # not a comment in a string but one in a number",
      "two = text # kept",
      "three = [1, 2,",
      "four={'k': \"v\"}",
      "five=",
      "ansible_group_priority=10",
      "[other]",
      "h1",
      "[other:vars]",
      "one=2",
      "[all:vars]",
      "six: seven=8",
    ];
    writeFileSync(path, `${lines.join("\n")}\n`);
    const site = readSite(path, { paths: [], playbookFolder: undefined });
    expect(listWithQuorate(site)).to.deep.equal(listingOf(await listWithAnsible(tools, path), site.inventory));
  });
});
