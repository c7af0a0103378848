// What must hold for the reading and writing of inventories, and of any text in their place.

import { expect } from "chai";
import * as fc from "fast-check";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { parseYamlInventory } from "../../src/inventory/parse-yaml";
import { isRecoveryError } from "../../src/model/errors";
import type { Inventory } from "../../src/model/inventory";
import { renderIniInventory, renderYamlInventory } from "../../src/render/inventory";
import { inventories } from "./inventories";
import type { RandomProperty } from "./random-property";

/** The inventory without the places it was read from, which a rewritten file has elsewhere. */
function meaning(inventory: Inventory): unknown {
  const plain = (key: string, inner: unknown): unknown => {
    if (key === "position" || key === "text" || key === "path") return undefined;
    return typeof inner === "bigint" ? `bigint ${inner}` : inner;
  };
  return JSON.parse(JSON.stringify(inventory, plain));
}

function byGroupName(inventory: Inventory): Inventory {
  return { ...inventory, groups: [...inventory.groups].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export const readsBackIni: RandomProperty<Inventory> = {
  name: "reads an inventory back from INI as it was",
  inputs: inventories("ini"),
  check: (inventory) => {
    const read = parseIniInventory("hosts", renderIniInventory(inventory));
    expect(meaning(read)).to.deep.equal(meaning(inventory));
    expect(renderIniInventory(read)).to.equal(renderIniInventory(inventory));
  },
};

export const readsBackYaml: RandomProperty<Inventory> = {
  name: "reads an inventory back from YAML as it was",
  inputs: inventories("yaml"),
  check: (inventory) => {
    const read = parseYamlInventory("hosts", renderYamlInventory(inventory));
    // A group is first met where another names it as its child, so only the order of the groups may differ.
    expect(meaning(byGroupName(read))).to.deep.equal(meaning(byGroupName(inventory)));
    const again = parseYamlInventory("hosts", renderYamlInventory(read));
    expect(meaning(byGroupName(again))).to.deep.equal(meaning(byGroupName(read)));
  },
};

const line = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "[etcd]",
    "[a:children]",
    "[a:vars]",
    "b",
    "a",
    "node[1:3] x=1",
    "k: v",
    "  - y",
    "'",
    "[",
    "]",
    "a=b",
    "[x",
    "--- ",
  ),
);

export const readsAnyText: RandomProperty<[string[], boolean]> = {
  name: "reads any text as an inventory or refuses it with a line",
  inputs: fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean()),
  check: ([lines, isIni]) => {
    try {
      (isIni ? parseIniInventory : parseYamlInventory)("f", lines.join("\n"));
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      expect(error.code).to.equal("input");
      expect(error.message).to.match(/^f:\d+: /);
    }
  },
};
