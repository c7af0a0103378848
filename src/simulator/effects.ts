// What each effect of a step does to the model of a node: the simulator's reading of a step.

import { invariantError, unreachable } from "../model/errors";
import type { JsonObject } from "../model/json";
import type { EffectKind, NodeChangeStep } from "../model/step";
import { ownManifest, putManifest, takeManifest } from "./manifest-files";
import { restartService, startService } from "./services";
import { nodeOf, nodeTimeMs, type SimulatedFile, type World, withNode, without } from "./world";

/** What came of one effect. */
export interface EffectResult {
  readonly world: World;
  /** Why it failed; undefined when it happened. The effects after it do not happen then. */
  readonly error?: string;
}

/** Applies one effect of a step to its node. */
export function applyEffect(world: World, step: NodeChangeStep, effect: EffectKind): EffectResult {
  switch (effect) {
    case "stageManifest":
      return step.kind === "writeManifest" ? stageManifest(world, step) : misplaced(step, effect);
    case "archiveManifest":
      return step.kind === "writeManifest" ? archiveManifest(world, step) : misplaced(step, effect);
    case "installManifest":
      return step.kind === "writeManifest" ? installManifest(world, step) : misplaced(step, effect);
    case "moveManifestToArchive":
      return step.kind === "archiveStrayManifest" ? moveToArchive(world, step) : misplaced(step, effect);
    case "setManifestOwner":
      if (step.kind !== "setManifestOwner") return misplaced(step, effect);
      if (nodeOf(world, step.node).manifests[step.fileName] === undefined) return { world, error: noFile(step) };
      return { world: ownManifest(world, step.node, step.fileName, step.owner) };
    case "startService":
      return step.kind === "startService" ? startService(world, step.node, step.service) : misplaced(step, effect);
    case "restartService":
      return step.kind === "restartService" ? restartService(world, step.node, step.service) : misplaced(step, effect);
    default:
      return unreachable(effect);
  }
}

/** Where a manifest waits until it is renamed in: beside the manifest directory, so on the same file system. */
export function stagedPath(manifestDirectory: string, fileName: string): string {
  return `${manifestDirectory.slice(0, manifestDirectory.lastIndexOf("/"))}/.quorate-staged.${fileName}`;
}

type Write = Extract<NodeChangeStep, { kind: "writeManifest" }>;
type Archive = Extract<NodeChangeStep, { kind: "archiveStrayManifest" }>;

function stageManifest(world: World, step: Write): EffectResult {
  const { staged } = nodeOf(world, step.node);
  if (nodeOf(world, step.node).manifestDirectory !== step.manifestDirectory) return { world, error: noFile(step) };
  const content = { kind: "pod", pod: step.manifest as JsonObject } as const;
  const file = { owner: step.owner, mode: step.mode, modifiedAtMs: nodeTimeMs(world, step.node), content };
  const path = stagedPath(step.manifestDirectory, step.fileName);
  return { world: withNode(world, step.node, { staged: { ...staged, [path]: file } }) };
}

// A copy: the kubelet goes on reading the old manifest until the new one takes its place.
function archiveManifest(world: World, step: Write): EffectResult {
  const old = nodeOf(world, step.node).manifests[step.fileName];
  return { world: old === undefined ? world : withArchived(world, step, old) };
}

function installManifest(world: World, step: Write): EffectResult {
  const { staged } = nodeOf(world, step.node);
  const path = stagedPath(step.manifestDirectory, step.fileName);
  const file = staged[path];
  if (file === undefined) return { world, error: `mv: cannot stat '${path}': No such file or directory` };
  const installed = putManifest(world, step.node, step.fileName, file);
  return { world: withNode(installed, step.node, { staged: without(staged, path) }) };
}

function moveToArchive(world: World, step: Archive): EffectResult {
  const file = nodeOf(world, step.node).manifests[step.fileName];
  // Somebody else was faster; the real script says so and is content.
  if (file === undefined) return { world };
  return { world: takeManifest(withArchived(world, step, file), step.node, step.fileName) };
}

function withArchived(world: World, step: Write | Archive, file: SimulatedFile): World {
  const { archive, manifests } = nodeOf(world, step.node);
  const stamp = new Date(nodeTimeMs(world, step.node)).toISOString().replace(/[-:]|\.\d+/g, "");
  const isInside = step.archiveDirectory === step.manifestDirectory;
  const nameOf = (count: number) => `${stamp}-${count > 1 ? `${count}-` : ""}${step.fileName}`;
  const keyOf = (count: number) => (isInside ? nameOf(count) : `${step.archiveDirectory}/${nameOf(count)}`);
  let count = 1;
  while (Object.hasOwn(isInside ? manifests : archive, keyOf(count))) count += 1;
  // An archive in the manifest directory is one more file for the kubelet to run.
  if (isInside) return putManifest(world, step.node, keyOf(count), file);
  return withNode(world, step.node, { archive: { ...archive, [keyOf(count)]: file } });
}

function noFile(step: { readonly manifestDirectory: string; readonly fileName: string }): string {
  return `${step.manifestDirectory}/${step.fileName}: No such file or directory`;
}

function misplaced(step: NodeChangeStep, effect: EffectKind): never {
  throw invariantError(`a step of kind ${step.kind} has no effect ${effect}`);
}
