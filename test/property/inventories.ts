// Generated inventories: names that are parts of other names, and values that every quoting has to survive.

import * as fc from "fast-check";
import type { Inventory, InventoryValue } from "../../src/model/inventory";

const position = { file: "hosts.ini", line: 1 };

/** Names with shared beginnings, so that prefix traps and position labels come up by themselves. */
export const hostName = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((n) => `node${n}`) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map((n) => `etcd${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("ca", "a", "cp-1", "cp-1.example.org", "10.0.0.7", "pem") },
);

const value: fc.Arbitrary<InventoryValue> = fc.letrec<{ value: InventoryValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "True",
      "None",
      "yes",
      "null",
      "1.10",
      "0x1F",
      "'quoted'",
      '"',
      "#",
      " a ",
      "{{ x }}",
      "a=b",
      "\\n",
      "~",
    ),
    fc.integer(),
    // A whole number that a JavaScript number cannot hold exactly is a bigint in an inventory.
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number) || Math.abs(number) >= 1e21)
      .map((number) => (number === 0 ? 0 : number)),
    fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value;

const variableName = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
  .filter((name) => name !== "ansible_group_priority" && name !== "__proto__");
const variables = fc
  .dictionary(variableName, value, { maxKeys: 3 })
  .map((entries) => Object.entries(entries).map(([name, inner]) => ({ name, value: inner, position })));

const comment = fc.stringMatching(/^# ?[ -~]{0,20}$/).map((text) => text.trim());

/** An inventory as it is held in memory; groups form no cycle, because a child is always a later one. */
export function inventories(format: Inventory["format"]): fc.Arbitrary<Inventory> {
  return fc
    .record({
      hosts: fc.uniqueArray(fc.tuple(hostName, variables), { minLength: 1, maxLength: 8, selector: ([name]) => name }),
      groups: fc.array(
        fc.record({
          members: fc.array(fc.nat(7), { maxLength: 6 }),
          children: fc.array(fc.nat(5), { maxLength: 3 }),
          variables,
        }),
        { maxLength: 6 },
      ),
      comments: fc.array(comment, { maxLength: 2 }),
    })
    .map(({ hosts, groups, comments }) => ({
      path: "hosts",
      format,
      hosts: hosts.map(([name, own]) => ({ name, variables: own, position })),
      groups: groups.map((group, index) => ({
        name: `g${index}`,
        hosts: [...new Set(group.members.map((member) => hosts[member % hosts.length]?.[0] ?? ""))].map((name) => ({
          name,
          position,
        })),
        children: [...new Set(group.children.filter((child) => child > index && child < groups.length))].map(
          (child) => ({ name: `g${child}`, position }),
        ),
        variables: group.variables,
        position,
      })),
      comments: comments.map((text) => ({
        text,
        group: undefined,
        part: "hosts" as const,
        before: undefined,
        position,
      })),
      repetitions: [],
    }));
}
