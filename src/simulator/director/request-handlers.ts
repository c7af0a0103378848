// What the richer routes of the simulated director do with a request.
// Source: cloudfoundry/bosh director lib/bosh/director/api/controllers/*.rb.
import { jsonAnswer, plainAnswer, taskStarted } from "./answers";
import type { WantedState } from "./converge";
import type { DirectorAnswer, DirectorRequest } from "./routes";
import { RequestError, type SimulatedDirector } from "./simulated-director";
import type { SimulatedTask } from "./tasks";
import type { SimulatedInstance } from "./world";

/** A task as the director shows it. */
export function taskRow(task: SimulatedTask): object {
  return {
    id: task.id,
    state: task.state,
    description: task.description,
    timestamp: task.finishedAtSecs ?? null,
    started_at: task.startedAtSecs ?? null,
    result: task.result,
    user: task.user,
    deployment: task.deployment ?? null,
    context_id: task.contextId,
  };
}

/** Reads a JSON body; none is an empty object. */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body === "" ? "{}" : body);
  } catch {
    throw new RequestError(400, 40002, "Incorrect request body: it is not JSON");
  }
}

// Types that verbose=1 shows. Source: api/controllers/tasks_controller.rb.
const shownTypes = new Set(["update_deployment", "update_instance"]);

/** `GET /tasks` with its filters. */
export function listTasks(director: SimulatedDirector, { query }: DirectorRequest): DirectorAnswer {
  const states = query.get("state")?.split(",");
  const deployment = query.get("deployment");
  const contextId = query.get("context_id");
  const limit = query.get("limit");
  const rows = director.tasks
    .list()
    .filter((task) => states === undefined || states.includes(task.state))
    .filter((task) => deployment === null || task.deployment === deployment)
    .filter((task) => contextId === null || task.contextId === contextId)
    .filter((task) => query.get("verbose") === "2" || shownTypes.has(task.type))
    .slice(0, limit === null ? undefined : Number(limit));
  return jsonAnswer(rows.map(taskRow));
}

function isWantedState(text: string): text is WantedState {
  return ["started", "stopped", "detached", "restart", "recreate"].includes(text);
}

/** A job-state change of one instance, a group or all. */
export function changeState(
  director: SimulatedDirector,
  request: DirectorRequest,
  parts: readonly string[],
): DirectorAnswer {
  const [name = "", group = "", id] = parts;
  const state = request.query.get("state") ?? "";
  if (!isWantedState(state)) throw new RequestError(400, 40001, `Unknown state '${state}'`);
  // A group that does not exist is not refused: nothing is meant, everything is converged.
  const target = id === undefined ? undefined : director.instance(name, group, id);
  const isTarget = (instance: SimulatedInstance): boolean =>
    target === undefined ? group === "*" || instance.group === group : instance === target;
  const isFix = request.query.get("fix") === "true";
  const isDryRun = request.query.get("dry_run") === "true";
  return taskStarted(director.startConverge(name, { isTarget, state, isFix, isDryRun }, request.requester));
}

/** A change of one instance without converging. */
export function changeOne(
  director: SimulatedDirector,
  request: DirectorRequest,
  parts: readonly string[],
): DirectorAnswer {
  const [name = "", group = "", id = "", action = ""] = parts;
  if (action !== "start" && action !== "stop" && action !== "restart" && action !== "recreate") {
    return plainAnswer(404, `Endpoint '/${request.segments.join("/")}' not found.`);
  }
  const instance = director.instance(name, group, id);
  const isHard = request.query.get("hard") === "true";
  const isUnresponsiveIgnored = request.query.get("ignore_unresponsive_agent") === "true";
  return taskStarted(
    director.startSingleChange(name, { instance, action, isHard, isUnresponsiveIgnored }, request.requester),
  );
}

/** What the resurrector asks for, by hand. */
export function scanAndFix(
  director: SimulatedDirector,
  request: DirectorRequest,
  [name = ""]: readonly string[],
): DirectorAnswer {
  const { jobs } = parseBody(request.body) as {
    readonly jobs?: Readonly<Record<string, readonly (string | number)[]>>;
  };
  const instances = Object.entries(jobs ?? {}).flatMap(([group, ids]) =>
    ids.map((id) => director.instance(name, group, String(id))),
  );
  return taskStarted(director.startScanAndFix(name, instances, request.requester));
}

interface ShellBody {
  readonly command?: string;
  readonly target?: { readonly job?: string; readonly ids?: readonly string[]; readonly indexes?: readonly string[] };
  readonly params?: { readonly user?: string; readonly public_key?: string; readonly user_regex?: string };
}

/** `bosh ssh`: users made or removed. */
export function startShell(
  director: SimulatedDirector,
  request: DirectorRequest,
  [name = ""]: readonly string[],
): DirectorAnswer {
  const { command, target, params } = parseBody(request.body) as ShellBody;
  const asked = target?.ids !== undefined && target.ids.length > 0 ? target.ids : (target?.indexes ?? []);
  // No job means every instance, no ids every one of the group: what an address typed for a name amounts to.
  const instances = director
    .deployment(name)
    .instances.filter(({ group }) => target?.job === undefined || group === target.job)
    .filter(({ id, index }) => asked.length === 0 || asked.includes(id) || asked.includes(String(index)));
  const shell =
    command === "setup"
      ? { kind: "setup" as const, user: params?.user ?? "", publicKey: params?.public_key ?? "" }
      : { kind: "cleanup" as const, userPattern: new RegExp(params?.user_regex ?? "$.") };
  return taskStarted(director.startShellCommand(name, instances, shell, request.requester));
}

/** `bosh logs`: "*" stands for every group or every instance of one. */
export function startLogs(
  director: SimulatedDirector,
  request: DirectorRequest,
  [name = "", group = "", id = ""]: readonly string[],
): DirectorAnswer {
  const found =
    group === "*" || id === "*"
      ? director.deployment(name).instances.filter((instance) => group === "*" || instance.group === group)
      : [director.instance(name, group, id)];
  const instances = found.filter(({ vm }) => vm !== undefined);
  // Unlike elsewhere this is found out in the request itself.
  if (instances.length === 0) throw new RequestError(404, 70001, `No instance with a VM matched ${group}/${id}`);
  return taskStarted(director.startLogs(name, instances, request.requester));
}

/** Stores a config. */
export function writeConfig(director: SimulatedDirector, request: DirectorRequest): DirectorAnswer {
  const asked = parseBody(request.body) as {
    readonly type: string;
    readonly name: string;
    readonly content: string;
    readonly expected_latest_id?: string | number;
  };
  const outcome = director.configs.store({
    type: asked.type,
    name: asked.name,
    content: asked.content,
    expectedLatestId: asked.expected_latest_id === undefined ? undefined : String(asked.expected_latest_id),
    nowMs: director.clock.nowMs(),
  });
  if (outcome.kind === "stored") return jsonAnswer(outcome.config, 201);
  return jsonAnswer(
    {
      latest_id: outcome.latestId,
      expected_latest_id: outcome.expectedLatestId,
      description: `Latest Id: '${outcome.latestId}' does not match expected latest id`,
    },
    412,
  );
}
