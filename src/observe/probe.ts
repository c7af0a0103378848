// A probe's output as a NodeObservation. Every section stands for itself: one that is cut off, late or cannot be read is
// unknown with its reason, and the others are not touched by it.

import type { z } from "zod";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { manifestFileName } from "../model/declaration";
import { isJsonList, isJsonObject } from "../model/json";
import {
  nodeObservationVersion,
  type ObservedNode,
  observedNodeSchema,
  seen,
  type Unknown,
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
  const { shape } = observedNodeSchema;
  const section = <T>(name: string, schema: z.ZodType<T>, parse: (stdout: string) => unknown): T | Unknown => {
    const cut = cutSection(text, boundary, name);
    if (cut.kind === "lost") return unknown(`the ${name} part of the probe: ${cut.reason}`);
    return readPart(name, schema, () => parse(cut.stdout));
  };
  const files = new Set(Object.keys(pods).map(manifestFileName));
  const host = section("host", shape.host, parseHost);
  const etcdData = section("etcd-data", shape.etcdData, parseEtcdData);
  const leftovers = section("leftovers", shape.leftovers, (stdout) => parseLeftovers(stdout, JSON.stringify(pods)));
  const withoutEtcd: ObservedNode = {
    schemaVersion: nodeObservationVersion,
    kind: "observed",
    node,
    host,
    manifests: section("manifests", shape.manifests, (stdout) => parseManifests(stdout, files)),
    containers: section("containers", shape.containers, (stdout) => parseContainers(stdout, declaredContainers(pods))),
    services: section("services", shape.services, (stdout) => parseServices(stdout, declared?.services ?? {})),
    ...(etcdData === undefined ? {} : { etcdData }),
    // A staged file is no leftover while the step that stages it runs.
    leftovers:
      host.kind === "seen" && host.value.lock !== undefined && leftovers.kind === "seen"
        ? seen(leftovers.value.filter(({ kind }) => kind !== "staged-file"))
        : leftovers,
  };
  const etcd = readPart("etcd", shape.etcd, () => parseEtcdMember(plane, withoutEtcd, boundary, text));
  return etcd === undefined ? withoutEtcd : { ...withoutEtcd, etcd };
}

// What a parser made is held to the schema here, part by part: what is not as the schema has it costs that part alone.
// A parser that has nothing to tell of returns undefined, where the schema lets the part be absent.
function readPart<T>(name: string, schema: z.ZodType<T>, parse: () => unknown): T | Unknown {
  try {
    const value = parse();
    const read = schema.safeParse(value === undefined ? undefined : seen(value));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw new Error(`${issue?.path.slice(1).join(".")}: ${issue?.message}`);
  } catch (error) {
    return unknown(`the ${name} part of the probe: ${error instanceof Error ? error.message : String(error)}`);
  }
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
