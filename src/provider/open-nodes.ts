// The way to the nodes of a declaration: real ones by their adapters, simulated ones in the world that holds them.

import { localFiles } from "../adapters/kept-file";
import { openNodes as openRealNodes } from "../adapters/nodes";
import { systemClock } from "../adapters/system-clock";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { shellRecords } from "./open-bosh";
import { operatorSources } from "./open-director";
import type { OpenNodes } from "./plane-resource";

/** Opens the nodes of a declaration, with the clock that they live by. */
export const openNodes: OpenNodes = async (plane, tell) => {
  const world = worldOf(plane);
  if (world === undefined) {
    const clock = systemClock();
    const bosh = { sources: operatorSources, records: shellRecords(), clock, tell };
    return { nodes: openRealNodes(plane, { bosh }), clock };
  }
  // Loaded only for simulated nodes.
  const { openWorldFile, simulatedClock, simulatedNodes } = require("../simulator") as typeof import("../simulator");
  const holder = openWorldFile(world);
  return { nodes: simulatedNodes(holder, { plane, files: localFiles }), clock: simulatedClock(holder) };
};

// The schema has made sure that nodes share one world or have none.
function worldOf(plane: ControlPlaneDeclaration): string | undefined {
  const access = Object.values(plane.nodes)[0]?.access;
  return access?.kind === "simulated" ? access.world : undefined;
}
