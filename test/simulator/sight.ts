// Short ways to look at a simulated node through the schema that every observation has to satisfy.

import {
  type ContainerObservation,
  containersOf,
  type ManifestFile,
  nodeObservationSchema,
  type ObservedNode,
  type ServiceObservation,
} from "../../src/model/node-observation";
import { observeNode, type World } from "../../src/simulator";

/** A node that answers. */
export function look(world: World, node = "cp-0"): ObservedNode {
  const observation = nodeObservationSchema.parse(observeNode(world, node));
  if (observation.kind === "observed") return observation;
  throw new Error(`${node} is unreachable: ${observation.message}`);
}

/** The newest container of a static pod; undefined when there is none. */
export function newestContainer(world: World, pod: string, node = "cp-0"): ContainerObservation | undefined {
  return containersOf(look(world, node), pod)[0];
}

/** Every container of a static pod, newest first. */
export function containersNamed(world: World, pod: string, node = "cp-0"): readonly ContainerObservation[] {
  return containersOf(look(world, node), pod);
}

/** A manifest file; undefined when there is none. */
export function manifestNamed(world: World, fileName: string, node = "cp-0"): ManifestFile | undefined {
  const { manifests } = look(world, node);
  return manifests.kind === "seen" ? manifests.value.find((file) => file.fileName === fileName) : undefined;
}

/** A service. */
export function serviceNamed(world: World, name: string, node = "cp-0"): ServiceObservation | undefined {
  const { services } = look(world, node);
  return services.kind === "seen" ? services.value.find((service) => service.name === name) : undefined;
}

/** The text of the first manifest command of a pod. */
export function commandIn(world: World, fileName: string, node = "cp-0"): readonly string[] {
  const content = manifestNamed(world, fileName, node)?.content;
  if (content?.kind !== "pod") return [];
  const spec = content.pod.spec as { containers: readonly { command: readonly string[] }[] };
  return spec.containers[0]?.command ?? [];
}
