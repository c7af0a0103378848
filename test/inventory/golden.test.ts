import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "ini";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { parseVariables, parseYamlInventory } from "../../src/inventory/parse-yaml";
import { deriveRecovery } from "../../src/inventory/recovery";
import type { Site, VariablesFile } from "../../src/model/inventory";
import type { RecoveryResult } from "../../src/model/inventory-recovery";
import { requestOf, type SituationCase, situations } from "./situations";

const goldenFolder = join(__dirname, "golden");
const isUpdate = process.env.QUORATE_TEST_GOLDEN === "update";

function siteOf(situation: SituationCase): Site {
  const path = situation.format === "ini" ? "hosts.ini" : "hosts.yml";
  const read = situation.format === "ini" ? parseIniInventory : parseYamlInventory;
  const variablesFiles = Object.entries(situation.beside ?? {}).map(([file, text]): VariablesFile => {
    const [folder = "", owner = ""] = file.split("/");
    const kind = folder === "group_vars" ? "group" : "host";
    return { kind, owner: owner.replace(/\.yml$/, ""), path: file, variables: parseVariables(file, text) };
  });
  const extraVars = Object.entries(situation.extraVars ?? {}).map(([file, text]) => ({
    path: file,
    variables: parseVariables(file, text),
  }));
  return { inventory: read(path, situation.inventory), variablesFiles, extraVars };
}

function outcomeFiles(result: RecoveryResult): ReadonlyMap<string, string> {
  if (result.kind === "proven") return new Map(result.files.map((file) => [file.path, file.text]));
  const lines = result.violations.map((v) => `${v.code}\n  ${v.message}\n  smallest change: ${v.smallestChange}\n`);
  return new Map([["refused.txt", lines.join("\n")]]);
}

describe("deriveRecovery", () => {
  for (const situation of situations) {
    const how =
      situation.refusedWith === undefined
        ? "is proven"
        : `is refused: ${[...new Set(situation.refusedWith)].join(", ")}`;
    it(`${situation.name} ${how}`, () => {
      const result = deriveRecovery(siteOf(situation), requestOf(situation), situation.facts);
      const codes = result.kind === "refused" ? result.violations.map((violation) => violation.code) : undefined;
      const messages =
        result.kind === "refused" ? result.violations.map((violation) => violation.message).join("\n") : "";
      expect(codes, messages).to.deep.equal(situation.refusedWith);
      const folder = join(goldenFolder, situation.name);
      const files = outcomeFiles(result);
      if (isUpdate) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        for (const [path, text] of files) writeFileSync(join(folder, path), text);
      }
      expect(existsSync(folder) ? readdirSync(folder).sort() : []).to.deep.equal([...files.keys()].sort());
      for (const [path, text] of files) expect(text, path).to.equal(readFileSync(join(folder, path), "utf8"));
    });
  }

  it("has a golden folder for every situation and no other", () => {
    expect(readdirSync(goldenFolder).sort()).to.deep.equal(situations.map((situation) => situation.name).sort());
  });

  for (const situation of situations.filter((entry) => entry.refusedWith === undefined && entry.format === "ini")) {
    it(`${situation.name} is read the same by a plain INI reader`, () => {
      const text = readFileSync(join(goldenFolder, situation.name, "hosts.ini"), "utf8");
      const sections: Readonly<Record<string, object>> = parse(text);
      const written = parseIniInventory("hosts.ini", text);
      for (const group of written.groups.filter(
        (entry) => entry.children.length === 0 && entry.variables.length === 0,
      )) {
        expect(Object.keys(sections[group.name] ?? {}), group.name).to.deep.equal(group.hosts.map((host) => host.name));
      }
    });
  }
});

describe("deriveRecovery: the command of seed 003", () => {
  const command = (name: string): string => {
    const situation = situations.find((entry) => entry.name === name);
    if (situation === undefined) throw new Error(`no situation ${name}`);
    const result = deriveRecovery(siteOf(situation), requestOf(situation), situation.facts);
    return result.kind === "proven" ? result.command : "";
  };

  it("is the seed's, character for character, without a snapshot", () => {
    expect(command("seed-003-survivor-named")).to.equal(
      "ansible-playbook -b -i inventory/sample/hosts.ini -e @inventory/sample/extra-vars.yml recover-k8s-control-plane.yml --limit etcd,kube_control_plane -e etcd_retries=10 --skip-tags=external-provisioner",
    );
  });

  it("is the seed's, character for character, with a snapshot", () => {
    expect(command("seed-003-snapshot")).to.equal(
      "ansible-playbook -b -i inventory/sample/hosts.ini -e @inventory/sample/extra-vars.yml recover-k8s-control-plane.yml --limit etcd,kube_control_plane -e etcd_snapshot=/home/sample/k8s_backup/etcd-snapshot.db -e etcd_retries=10 --skip-tags=external-provisioner",
    );
  });
});
