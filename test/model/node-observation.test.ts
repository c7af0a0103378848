// The schema of a node observation is a document: whoever reads captured observations reads it, not our sources.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { nodeObservationSchema, nodeObservationVersion } from "../../src/model/node-observation";
import { observed, pod, unreachableNode } from "../builders";

const document = path.join(__dirname, "../../docs/node-observation.schema.json");

describe("nodeObservationSchema", () => {
  it("is what docs/node-observation.schema.json says (QUORATE_TEST_GOLDEN=update writes it)", () => {
    const schema = z.toJSONSchema(nodeObservationSchema, { unrepresentable: "any" });
    const text = `${JSON.stringify({ ...schema, title: `Node observation, version ${nodeObservationVersion}` }, undefined, 2)}\n`;
    if (process.env.QUORATE_TEST_GOLDEN === "update") fs.writeFileSync(document, text);
    expect(text).to.equal(fs.readFileSync(document, "utf8"));
  });

  it("accepts a node that was observed and one that does not answer", () => {
    for (const observation of [observed("cp-0", [pod("etcd")]), unreachableNode("cp-0")]) {
      expect(nodeObservationSchema.safeParse(observation).success).to.equal(true);
    }
  });

  it("refuses an observation of another version", () => {
    const other = { ...unreachableNode("cp-0"), schemaVersion: nodeObservationVersion + 1 };
    expect(nodeObservationSchema.safeParse(other).success).to.equal(false);
  });
});
