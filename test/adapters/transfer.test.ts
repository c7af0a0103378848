import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { localFiles } from "../../src/adapters/kept-file";
import { type Interruption, memoryWorld, simulatedNodes } from "../../src/simulator";
import { nodeOf, withNode } from "../../src/simulator/world";
import { kubeadmWorld } from "../simulator/worlds";
import { awkward, collectStep, describeTransfers, sumOf, type TransferSubject } from "./transfer-contract";

describe("carrying data in the simulator", () => {
  function simulated(interruptions: readonly Interruption[] = []) {
    const world = memoryWorld({ ...kubeadmWorld(1), interruptions });
    const nodes = simulatedNodes(world, { files: localFiles });
    const subject: TransferSubject = {
      node: "cp-0",
      open: () => nodes,
      pathOf: (name) => `/var/lib/snapshots/${name}`,
      put: async (name, data) => {
        const path = `/var/lib/snapshots/${name}`;
        await world.change((now) => {
          const contents = { ...nodeOf(now, "cp-0").contents, [path]: data.toString("base64") };
          return { world: withNode(now, "cp-0", { contents }), result: undefined };
        });
        return path;
      },
      look: async (path) => {
        const text = nodeOf(world.read(), "cp-0").contents?.[path];
        return text === undefined ? undefined : Buffer.from(text, "base64");
      },
    };
    return { subject, nodes };
  }
  describeTransfers(() => simulated().subject);

  it("keeps nothing half-carried over a link that is cut, and carries it all the next time", async () => {
    const cut = { node: "cp-0", how: "cut-link", afterEffects: 0, script: "dies", skip: 0 } as const;
    const { subject, nodes } = simulated([cut]);
    const path = await subject.put("cut.db", awkward);
    const folder = mkdtempSync(join(tmpdir(), "quorate-cut-"));
    try {
      const into = { path: join(folder, "snapshot.db") };
      const step = collectStep("cp-0", path, sumOf(awkward));
      expect((await nodes.collect(step, into)).kind).to.equal("interrupted");
      expect(readdirSync(folder)).to.deep.equal([]);
      expect((await nodes.collect(step, into)).kind).to.equal("done");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
