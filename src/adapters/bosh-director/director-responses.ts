// Reads the director's JSON into the model. Only fields that we use are asked for; directors of other releases leave out
// some and add others.
import { z } from "zod";
import {
  type BoshInstance,
  compareInstances,
  type DeploymentSummary,
  type DirectorInfo,
  type InstancePlacement,
} from "../../model/bosh";
import type { BoshProblem } from "../../model/bosh-problem";
import type { DirectorLock, DirectorTask } from "../../model/bosh-task";
import { parseError } from "../../model/errors";
import type { DirectorConfig } from "../../ports/director-access";

const optionalText = z.string().nullish();
const namedVersion = z.object({ name: z.string(), version: z.coerce.string() });

const infoSchema = z.object({
  name: z.string().default(""),
  uuid: z.string().default(""),
  version: z.string().default(""),
  user: optionalText,
  cpi: optionalText,
  user_authentication: z.object({ type: z.string(), options: z.object({ url: optionalText }).nullish() }).nullish(),
});

const deploymentSchema = z.object({
  name: z.string(),
  releases: z.array(namedVersion).nullish(),
  stemcells: z.array(namedVersion).nullish(),
  locked: z.boolean().nullish(),
});

const placementSchema = z.object({
  job: z.string(),
  id: z.string(),
  index: z.number().nullish(),
  az: optionalText,
  ips: z.array(z.string()).nullish(),
  cid: optionalText,
  agent_id: optionalText,
  expects_vm: z.boolean(),
});

const instanceSchema = z.object({
  job_name: z.string(),
  id: z.string(),
  index: z.number().nullish(),
  job_state: optionalText,
  processes: z.array(z.object({ name: z.string(), state: z.string() })).nullish(),
  state: z.string().nullish(),
  az: optionalText,
  ips: z.array(z.string()).nullish(),
  vm_cid: optionalText,
  agent_id: optionalText,
  vm_type: optionalText,
  disk_cid: optionalText,
  disk_cids: z.array(z.string()).nullish(),
  bootstrap: z.boolean().nullish(),
  ignore: z.boolean().nullish(),
});

const taskSchema = z.object({
  id: z.number(),
  state: z.enum(["queued", "processing", "cancelling", "done", "error", "cancelled", "timeout"]),
  description: optionalText,
  deployment: optionalText,
  user: optionalText,
  result: optionalText,
  context_id: optionalText,
  started_at: z.number().nullish(),
  timestamp: z.number().nullish(),
});

const lockSchema = z.object({
  type: z.string(),
  resource: z.union([z.array(z.string()), z.string()]),
  timeout: z.coerce.number(),
  task_id: z.union([z.string(), z.number()]).nullish(),
});

const problemSchema = z.object({
  id: z.number(),
  type: z.string(),
  description: z.string(),
  resolutions: z.array(z.object({ name: z.string().nullish(), plan: z.string().nullish() })).nullish(),
  instance_group: optionalText,
});

const configSchema = z.object({ id: z.coerce.string(), type: z.string(), name: z.string(), content: z.string() });

const shellItemSchema = z.object({
  status: z.string(),
  ip: optionalText,
  host_public_key: optionalText,
  id: optionalText,
  job: optionalText,
  gateway_host: optionalText,
  gateway_user: optionalText,
});

/** One item of an ssh task's result. */
export type ShellItem = z.infer<typeof shellItemSchema>;

function decode<Schema extends z.ZodType>(schema: Schema, text: string, source: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw parseError(source, "JSON", text);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw parseError(
    source,
    `${issue?.path.join(".") ?? "the answer"} as BOSH documents it (${issue?.message ?? ""})`,
    text,
  );
}

/** `GET /info`. */
export function parseDirectorInfo(text: string): DirectorInfo {
  const info = decode(infoSchema, text, "GET /info");
  const type = info.user_authentication?.type ?? "basic";
  const url = info.user_authentication?.options?.url;
  return {
    name: info.name,
    uuid: info.uuid,
    version: info.version,
    user: info.user ?? undefined,
    cpi: info.cpi ?? undefined,
    authentication:
      type === "basic"
        ? { kind: "basic" }
        : type === "uaa" && typeof url === "string"
          ? { kind: "uaa", url: url.replace(/\/$/, "") }
          : { kind: "other", type },
  };
}

/** `GET /deployments`. */
export function parseDeployments(text: string): readonly DeploymentSummary[] {
  return decode(z.array(deploymentSchema), text, "GET /deployments")
    .map((item) => ({
      name: item.name,
      releases: item.releases ?? [],
      stemcells: item.stemcells ?? [],
      locked: item.locked ?? undefined,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `GET /deployments/D/instances` without `format`. */
export function parsePlacements(text: string): readonly InstancePlacement[] {
  return decode(z.array(placementSchema), text, "GET /deployments/.../instances")
    .map((item) => ({
      instance: { group: item.job, id: item.id },
      index: item.index ?? 0,
      zone: item.az ?? undefined,
      ips: item.ips ?? [],
      vmCid: item.cid ?? undefined,
      agentId: item.agent_id ?? undefined,
      expectsVm: item.expects_vm,
    }))
    .sort((a, b) => compareInstances(a.instance, b.instance));
}

/** The NDJSON result of `GET /deployments/D/instances?format=full`. */
export function parseInstances(text: string): readonly BoshInstance[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => decode(instanceSchema, line, "the listing of instances"))
    .map((item) => ({
      instance: { group: item.job_name, id: item.id },
      index: item.index ?? 0,
      jobState: item.job_state ?? undefined,
      processes: [...(item.processes ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
      desiredState: item.state ?? "started",
      zone: item.az ?? undefined,
      ips: item.ips ?? [],
      vmCid: item.vm_cid ?? undefined,
      agentId: item.agent_id ?? undefined,
      vmType: item.vm_type ?? undefined,
      diskCids: item.disk_cids ?? (typeof item.disk_cid === "string" ? [item.disk_cid] : []),
      isBootstrap: item.bootstrap ?? false,
      isIgnored: item.ignore ?? false,
    }))
    .sort((a, b) => compareInstances(a.instance, b.instance));
}

function toTask(item: z.infer<typeof taskSchema>): DirectorTask {
  return {
    id: item.id,
    state: item.state,
    description: item.description ?? "",
    deployment: item.deployment ?? undefined,
    user: item.user ?? undefined,
    result: item.result ?? "",
    contextId: item.context_id ?? "",
    startedAtSecs: item.started_at ?? undefined,
    finishedAtSecs: item.timestamp ?? undefined,
  };
}

/** `GET /tasks/N`. */
export function parseTask(text: string, source: string): DirectorTask {
  return toTask(decode(taskSchema, text, source));
}

/** `GET /tasks`. */
export function parseTasks(text: string): readonly DirectorTask[] {
  return decode(z.array(taskSchema), text, "GET /tasks").map(toTask);
}

/** `GET /locks`. */
export function parseLocks(text: string): readonly DirectorLock[] {
  return decode(z.array(lockSchema), text, "GET /locks").map((item) => ({
    type: item.type,
    resource: typeof item.resource === "string" ? [item.resource] : item.resource,
    taskId: item.task_id === undefined || item.task_id === null ? undefined : Number(item.task_id),
    expiresAtSecs: item.timeout,
  }));
}

/** `GET /deployments/D/problems`, sorted by id. */
export function parseProblems(text: string): readonly BoshProblem[] {
  return decode(z.array(problemSchema), text, "GET /deployments/.../problems")
    .map((item) => ({
      id: item.id,
      type: item.type,
      description: item.description,
      // An answer without a name cannot be given back to the director.
      resolutions: (item.resolutions ?? []).flatMap(({ name, plan }) =>
        typeof name === "string" ? [{ name, plan: plan ?? "" }] : [],
      ),
      group: item.instance_group ?? undefined,
    }))
    .sort((a, b) => a.id - b.id);
}

/** `GET /configs`, sorted by name. */
export function parseConfigs(text: string): readonly DirectorConfig[] {
  return decode(z.array(configSchema), text, "GET /configs").sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The answer to `POST /configs`. */
export function parseConfig(text: string): DirectorConfig {
  return decode(configSchema, text, "POST /configs");
}

/** The 412 answer to `POST /configs`: the id that is newest now. */
export function parseLatestConfigId(text: string): string {
  return decode(z.object({ latest_id: z.coerce.string() }), text, "POST /configs").latest_id;
}

/** `GET /resurrection`. */
export function parseResurrection(text: string): boolean {
  return decode(z.object({ resurrection: z.boolean() }), text, "GET /resurrection").resurrection;
}

/** `GET /deployments/D`. */
export function parseManifest(text: string): string {
  return decode(z.object({ manifest: optionalText }), text, "GET /deployments/...").manifest ?? "";
}

/** The result of an ssh task: a JSON array on one line. */
export function parseShellItems(text: string): readonly ShellItem[] {
  return decode(z.array(shellItemSchema), text.trim() === "" ? "[]" : text, "the result of the ssh task");
}
