// A probe's output as a NodeObservation. Every section stands for itself: one that is cut off, late or cannot be read is
// unknown with its reason, and the others are not touched by it.

import type { ControlPlaneDeclaration } from "../model/declaration";
import { manifestFileName } from "../model/declaration";
import { isJsonList, isJsonObject } from "../model/json";
import {
  nodeObservationVersion,
  type ObservedNode,
  observedNodeSchema,
  type Section,
  seen,
  unknown,
} from "../model/node-observation";
import { type DeclaredContainers, parseContainers } from "./containers";
import { parseEtcdData } from "./etcd-data";
import { parseEtcdMember } from "./etcd-member";
import { parseHost } from "./host";
import { parseLeftovers } from "./leftovers";
import { parseManifests } from "./manifests";
import { cutSection } from "./sections";
import { parseServices } from "./services";

/** What a declared node's probe saw. `output` is what the script printed, with the boundary that it ran with. */
export function parseProbe(
  plane: ControlPlaneDeclaration,
  node: string,
  boundary: string,
  output: Uint8Array,
): ObservedNode {
  const text = Buffer.from(output).toString("latin1");
  const declared = plane.nodes[node];
  const pods = declared?.staticPods ?? {};
  const section = <T>(name: string, parse: (stdout: string) => T): Section<T> => {
    const cut = cutSection(text, boundary, name);
    if (cut.kind === "lost") return unknown(`the ${name} part of the probe: ${cut.reason}`);
    try {
      return seen(parse(cut.stdout));
    } catch (error) {
      return unknown(`the ${name} part of the probe: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const files = new Set(Object.keys(pods).map(manifestFileName));
  const host = section("host", parseHost);
  const etcdData = section("etcd-data", parseEtcdData);
  const leftovers = section("leftovers", (stdout) => parseLeftovers(stdout, JSON.stringify(pods)));
  const observation = {
    schemaVersion: nodeObservationVersion,
    kind: "observed",
    node,
    host,
    manifests: section("manifests", (stdout) => parseManifests(stdout, files)),
    containers: section("containers", (stdout) => parseContainers(stdout, declaredContainers(pods))),
    services: section("services", (stdout) => parseServices(stdout, declared?.services ?? {})),
    ...(etcdData.kind === "seen" && etcdData.value === undefined ? {} : { etcdData }),
    // A staged file is no leftover while the step that stages it runs.
    leftovers:
      host.kind === "seen" && host.value.lock !== undefined && leftovers.kind === "seen"
        ? seen(leftovers.value.filter(({ kind }) => kind !== "staged-file"))
        : leftovers,
  };
  const withoutEtcd = observedNodeSchema.parse(observation);
  const etcd = parseEtcdMember(plane, withoutEtcd, boundary, text);
  return etcd === undefined ? withoutEtcd : observedNodeSchema.parse({ ...withoutEtcd, etcd: seen(etcd) });
}

function declaredContainers(pods: Readonly<Record<string, unknown>>): DeclaredContainers {
  return new Map(
    Object.entries(pods).map(([name, pod]) => {
      const spec = isJsonObject(pod) ? pod.spec : undefined;
      const containers = isJsonObject(spec) && isJsonList(spec.containers) ? spec.containers : [];
      return [name, containers.filter(isJsonObject).map((container) => String(container.name))];
    }),
  );
}
