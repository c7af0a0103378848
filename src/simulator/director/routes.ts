// The director's HTTP API as the `bosh` CLI uses it, without sockets: a request in, an answer out. Pickiness is kept: a
// wrong Content-Type is a 404, /task is singular for cancelling, ranges are honoured, locks tell strings.
// Source: cloudfoundry/bosh director lib/bosh/director/api/controllers/*.rb.
import { jsonAnswer, plainAnswer, taskOutputAnswer, taskStarted } from "./answers";
import { diffLines } from "./configs";
import { placementRows, vmRows } from "./listings";
import {
  changeOne,
  changeState,
  listTasks,
  parseBody,
  scanAndFix,
  startLogs,
  startShell,
  taskRow,
  writeConfig,
} from "./request-handlers";
import type { Answers } from "./resolutions";
import { RequestError, type Requester, type SimulatedDirector } from "./simulated-director";

/** A request, its path decoded piece by piece. */
export interface DirectorRequest {
  readonly method: string;
  /** Decoded path segments: "/tasks/1" is ["tasks", "1"]. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Without parameters, lower case; "" when absent. */
  readonly contentType: string;
  readonly range: string | undefined;
  readonly body: string;
  readonly requester: Requester;
}

/** An answer. */
export interface DirectorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

type Handler = (director: SimulatedDirector, request: DirectorRequest, parts: readonly string[]) => DirectorAnswer;

interface Route {
  readonly method: string;
  /** ":" stands for any one segment, which the handler is given. */
  readonly pattern: readonly string[];
  /** Another Content-Type does not match the route at all. */
  readonly contentType?: string;
  readonly handler: Handler;
}

const json = "application/json";
const yaml = "text/yaml";

function route(method: string, path: string, handler: Handler, contentType?: string): Route {
  const pattern = path.split("/").slice(1);
  return { method, pattern, handler, ...(contentType === undefined ? {} : { contentType }) };
}

const routes: readonly Route[] = [
  route("GET", "/deployments", (director) =>
    jsonAnswer(
      director.world.deployments.map(({ name, stemcells, releases }) => ({
        name,
        teams: [],
        stemcells,
        releases,
        locked: director.locks.isDeploymentLocked(name),
      })),
    ),
  ),
  route("GET", "/deployments/:", (director, _request, [name = ""]) =>
    jsonAnswer({ manifest: director.deployment(name).manifest }),
  ),
  route("GET", "/deployments/:/instances", (director, request, [name = ""]) =>
    request.query.get("format") === "full"
      ? taskStarted(director.startListing(name, false, request.requester))
      : jsonAnswer(placementRows(director.deployment(name))),
  ),
  route("GET", "/deployments/:/vms", (director, request, [name = ""]) =>
    request.query.get("format") === "full"
      ? taskStarted(director.startListing(name, true, request.requester))
      : jsonAnswer(vmRows(director.deployment(name))),
  ),
  route(
    "POST",
    "/deployments/:/scans",
    (director, { requester }, [name = ""]) => taskStarted(director.startScan(name, requester)),
    json,
  ),
  route("GET", "/deployments/:/problems", (director, _request, [name = ""]) => {
    director.deployment(name);
    return jsonAnswer(
      director.problems.open(name).map(({ id, type, description, resolutions, instance }) => ({
        id,
        type,
        data: {},
        description,
        resolutions,
        instance_group: instance.group,
      })),
    );
  }),
  route(
    "PUT",
    "/deployments/:/problems",
    (director, { body, requester }, [name = ""]) => {
      const { resolutions } = parseBody(body) as { readonly resolutions?: Answers };
      return taskStarted(director.startAnswers(name, resolutions ?? {}, requester));
    },
    json,
  ),
  route("PUT", "/deployments/:/scan_and_fix", scanAndFix, json),
  route("PUT", "/deployments/:/jobs/:", (director, request, parts) => changeState(director, request, parts), yaml),
  route("PUT", "/deployments/:/jobs/:/:", (director, request, parts) => changeState(director, request, parts), yaml),
  route("PUT", "/deployments/:/jobs/:/:/resurrection", () => plainAnswer(410, "gone")),
  route("POST", "/deployments/:/instance_groups/:/:/actions/:", changeOne, yaml),
  route(
    "PUT",
    "/deployments/:/instance_groups/:/:/ignore",
    (director, { body }, [name = "", group = "", id = ""]) => {
      const { ignore } = parseBody(body) as { readonly ignore?: boolean };
      director.instance(name, group, id).isIgnored = ignore === true;
      return plainAnswer(200, "");
    },
    json,
  ),
  route("POST", "/deployments/:/ssh", startShell, json),
  route("GET", "/deployments/:/jobs/:/:/logs", startLogs),
  route("GET", "/resources/:", (director, _request, [id = ""]) => {
    const blob = director.blobs.get(id);
    if (blob === undefined) return jsonAnswer({ code: 100001, description: `Resource file '${id}' not found` }, 404);
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body: blob };
  }),
  route("DELETE", "/vms/:", (director, { requester }, [cid = ""]) =>
    taskStarted(director.startDeleteVm(cid, requester)),
  ),
  route("GET", "/tasks", listTasks),
  route("GET", "/tasks/:", (director, _request, [id = ""]) => jsonAnswer(taskRow(director.task(Number(id))))),
  route("GET", "/tasks/:/output", (director, request, [id = ""]) => {
    const task = director.task(Number(id));
    const type = request.query.get("type");
    const text = type === "event" ? task.eventOutput : type === "result" ? task.resultOutput : "";
    return taskOutputAnswer(text, request.range);
  }),
  route("DELETE", "/task/:", (director, _request, [id = ""]) => {
    const task = director.task(Number(id));
    if (director.tasks.cancel(task)) return { status: 204, headers: {}, body: "" };
    return plainAnswer(400, `Cannot cancel task ${id}: invalid state (${task.state})`);
  }),
  route("GET", "/locks", (director) =>
    jsonAnswer(
      director.locks.list().map(({ type, resource, expiresAtMs, taskId }) => ({
        type,
        resource: [resource],
        timeout: (expiresAtMs / 1000).toFixed(6),
        task_id: String(taskId),
      })),
    ),
  ),
  route("GET", "/resurrection", (director) => jsonAnswer({ resurrection: director.isResurrectionOn })),
  route(
    "PUT",
    "/resurrection",
    (director, { body }) => {
      const { resurrection_paused: isPaused } = parseBody(body) as { readonly resurrection_paused?: boolean };
      director.isResurrectionOn = isPaused !== true;
      return plainAnswer(200, "");
    },
    json,
  ),
  route("GET", "/configs", (director, { query }) =>
    jsonAnswer(director.configs.latest({ type: query.get("type") ?? undefined, name: query.get("name") ?? undefined })),
  ),
  route("POST", "/configs", writeConfig, json),
  route(
    "POST",
    "/configs/diff",
    (director, { body }) => {
      const asked = parseBody(body) as { readonly type: string; readonly name: string; readonly content: string };
      const [before] = director.configs.latest({ type: asked.type, name: asked.name });
      return jsonAnswer({ from: { id: before?.id ?? "0" }, diff: diffLines(before?.content ?? "", asked.content) });
    },
    json,
  ),
  route("DELETE", "/configs", (director, { query }) =>
    director.configs.remove(query.get("type") ?? "", query.get("name") ?? "")
      ? { status: 204, headers: {}, body: "" }
      : jsonAnswer({ code: 440012, description: "Config not found" }, 404),
  ),
];

/** The director's answer to a request whose sender it knows. */
export function answerRequest(director: SimulatedDirector, request: DirectorRequest): DirectorAnswer {
  for (const candidate of routes) {
    const parts = matchRoute(candidate, request);
    if (parts === undefined) continue;
    try {
      return candidate.handler(director, request, parts);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return jsonAnswer({ code: error.code, description: error.message }, error.status);
    }
  }
  return plainAnswer(404, `Endpoint '/${request.segments.map(encodeURIComponent).join("/")}' not found.`);
}

function matchRoute(candidate: Route, request: DirectorRequest): readonly string[] | undefined {
  if (candidate.method !== request.method || candidate.pattern.length !== request.segments.length) return undefined;
  if (candidate.contentType !== undefined && candidate.contentType !== request.contentType) return undefined;
  const parts: string[] = [];
  for (const [position, piece] of candidate.pattern.entries()) {
    const segment = request.segments[position] ?? "";
    if (piece === ":") parts.push(segment);
    else if (piece !== segment) return undefined;
  }
  return parts;
}
