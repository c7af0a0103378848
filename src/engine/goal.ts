// What the program wants a resource to be: a registration, read from the wire. Options that mean something this engine
// does not do are refused by name.

import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { inputError, unsupportedError } from "../model/errors";
import { type PropertyMap, parseStruct } from "./property-value";
import type { Timeouts } from "./resource-state";

/** A registration. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly properties: PropertyMap;
  /** URN; empty for the stack. */
  readonly parent: string;
  /** Undefined means: as the parent. */
  readonly protect: boolean | undefined;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly customTimeouts: Timeouts | undefined;
  /** Undefined means: as the parent. */
  readonly retainOnDelete: boolean | undefined;
  /** Version of the package that the program was written against; empty when it names none. */
  readonly version: string;
  /** URN and id of an explicit provider; empty for the default one. */
  readonly provider: string;
  /** Explicit providers by package, for this resource and its children. */
  readonly providers: Readonly<Record<string, string>>;
  /** file:// URI, line and column where the program makes the resource; undefined when unknown. */
  readonly sourcePosition: SourcePosition | undefined;
  readonly stackTrace: readonly (SourcePosition | undefined)[];
}

/** A place in the program. */
export interface SourcePosition {
  readonly uri: string;
  readonly line: number;
  readonly column: number;
}

function refuseOptions(request: RegisterResourceRequest): void {
  const used: readonly (readonly [string, boolean])[] = [
    ["a remote component", request.getRemote()],
    ["import", request.getImportid() !== ""],
    ["aliases", request.getAliasesList().length > 0 || request.getAliasurnsList().length > 0],
    ["deletedWith", request.getDeletedwith() !== ""],
    ["replaceWith", request.getReplaceWithList().length > 0],
    ["replacementTrigger", request.hasReplacementTrigger()],
    ["replaceOnChanges", request.getReplaceonchangesList().length > 0],
    ["deleteBeforeReplace", request.getDeletebeforereplace()],
    ["transforms", request.getTransformsList().length > 0],
    ["hooks", request.hasHooks() && Object.values(request.getHooks()?.toObject() ?? {}).flat().length > 0],
    ["hideDiffs", request.getHidediffsList().length > 0],
    ["a parameterized package", request.getPackageref() !== ""],
    ["envVarMappings", request.getEnvvarmappingsMap().getLength() > 0],
    ["state migrations", request.getStateMigrationsList().length > 0],
    ["pluginDownloadURL", request.getPlugindownloadurl() !== ""],
  ];
  const names = used.filter(([, isUsed]) => isUsed).map(([name]) => name);
  if (names.length === 0) return;
  const what = `resource ${request.getName()} (${request.getType()}) uses ${names.join(" and ")}`;
  throw unsupportedError(`${what}, which the embedded engine does not do; use the pulumi CLI for this stack`);
}

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Reads a duration such as 1h30m or 90s as seconds; empty text is 0. */
function parseDuration(text: string, where: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== text) {
    throw inputError(`${where}: ${JSON.stringify(text)} is not a duration such as 90s, 5m or 1h30m`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0), 0);
}

function parseTimeouts(request: RegisterResourceRequest): Timeouts | undefined {
  const given = request.getCustomtimeouts();
  if (given === undefined) return undefined;
  const where = `customTimeouts of ${request.getName()}`;
  const timeouts = {
    create: parseDuration(given.getCreate(), where),
    update: parseDuration(given.getUpdate(), where),
    delete: parseDuration(given.getDelete(), where),
  };
  const set = Object.fromEntries(Object.entries(timeouts).filter(([, seconds]) => seconds > 0));
  return Object.keys(set).length === 0 ? undefined : set;
}

type WirePosition = { getUri(): string; getLine(): number; getColumn(): number };

function parsePosition(position: WirePosition | undefined): SourcePosition | undefined {
  if (position === undefined || position.getUri() === "") return undefined;
  return { uri: position.getUri(), line: position.getLine(), column: position.getColumn() };
}

/**
 * Reads a registration.
 *
 * @throws RecoveryError "unsupported" for options that only the Pulumi CLI can do.
 */
export function parseGoal(request: RegisterResourceRequest): Goal {
  refuseOptions(request);
  const propertyDependencies: Record<string, readonly string[]> = {};
  for (const [property, list] of request.getPropertydependenciesMap().entries()) {
    propertyDependencies[property] = [...list.getUrnsList()].sort();
  }
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    properties: parseStruct(request.getObject()),
    parent: request.getParent(),
    protect: request.hasProtect() ? request.getProtect() : undefined,
    dependencies: [...new Set(request.getDependenciesList())].sort(),
    propertyDependencies,
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    customTimeouts: parseTimeouts(request),
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
    version: request.getVersion(),
    provider: request.getProvider(),
    providers: Object.fromEntries(request.getProvidersMap().entries()),
    sourcePosition: parsePosition(request.getSourceposition()),
    stackTrace: (request.getStacktrace()?.getFramesList() ?? []).map((frame) => parsePosition(frame.getPc())),
  };
}
