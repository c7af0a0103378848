// Requests to one director: authorised, with reads repeated and writes never repeated blindly. A write that starts a task
// carries a mark of its own (X-Bosh-Context-Id), so that a task whose announcement was lost is found again, not doubled.

import type { DirectorInfo } from "../../model/bosh";
import type { DirectorTask } from "../../model/bosh-task";
import { type RecoveryError, unsupportedError } from "../../model/errors";
import type { Clock } from "../../ports/clock";
import { type Authenticator, authenticatorFor } from "./authenticator";
import { lostStartError, refusalError, transportError } from "./director-failures";
import { parseDirectorInfo, parseTask, parseTasks } from "./director-responses";
import type { DirectorSettings } from "./director-settings";
import type { HttpRequest, HttpResponse, HttpResult, HttpTransport } from "./https-transport";

/** How patient a session is. */
export interface SessionLimits {
  /** Times that a read is tried in all. */
  readonly readAttempts: number;
  /** Pause before the second try; it doubles each time up to `retryPauseMaxMs`. */
  readonly retryPauseMs: number;
  readonly retryPauseMaxMs: number;
  /** Times that a lost task start is looked for. */
  readonly lookupAttempts: number;
}

/** Patience while nothing is under way: a director that is down is reported within about ten seconds. */
export const defaultSessionLimits: SessionLimits = {
  readAttempts: 5,
  retryPauseMs: 500,
  retryPauseMaxMs: 4_000,
  lookupAttempts: 6,
};

/** A write. */
export interface WriteRequest {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** The director answers 404 to a wrong one, even without a body. */
  readonly contentType?: "application/json" | "text/yaml";
  readonly body?: string;
  /** What it is for, completing "cannot ...". */
  readonly purpose: string;
}

const retriedReadStatuses = new Set([502, 503, 504]);
const unclearWriteStatuses = new Set([500, 502, 503, 504]);

/** See the head of this file. */
export class DirectorSession {
  /** host:port, for messages. */
  readonly address: string;
  private authenticator: Promise<Authenticator> | undefined;

  constructor(
    private readonly settings: DirectorSettings,
    private readonly transport: HttpTransport,
    private readonly clock: Clock,
    private readonly limits: SessionLimits,
    private readonly newContextId: () => string,
  ) {
    this.address = `${settings.host}:${settings.port}`;
  }

  /** The director's description of itself; with `isAuthorized`, as it sees us. */
  async readInfo(isAuthorized: boolean): Promise<DirectorInfo> {
    const purpose = "ask the director what it is";
    const response = await this.read({ path: "/info", purpose, isAuthorized, statuses: [200] });
    return parseDirectorInfo(response.body.toString("utf8"));
  }

  /** A GET, repeated on lost connections and on 502, 503 and 504; the answer has one of `statuses`. */
  async read(asked: {
    readonly path: string;
    readonly purpose: string;
    readonly statuses: readonly number[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly isAuthorized?: boolean;
    readonly attempts?: number;
  }): Promise<HttpResponse> {
    const where = { address: this.address, purpose: asked.purpose };
    const attempts = asked.attempts ?? this.limits.readAttempts;
    let pauseMs = this.limits.retryPauseMs;
    for (let attempt = 1; ; attempt += 1) {
      const sent = { method: "GET" as const, path: asked.path, headers: asked.headers ?? {} };
      const result = await this.exchange(sent, asked.isAuthorized ?? true);
      let error: RecoveryError;
      if (result.kind === "failure") {
        error = transportError(result.failure, where);
        // A certificate that is not trusted now is not trusted a second later.
        if (result.failure.kind === "certificate") throw error;
      } else {
        if (asked.statuses.includes(result.response.status)) return result.response;
        error = refusalError(result.response, where);
        if (!retriedReadStatuses.has(result.response.status)) throw error;
      }
      if (attempt >= attempts) throw error;
      await this.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, this.limits.retryPauseMaxMs);
    }
  }

  /** A GET for JSON. */
  async readText(path: string, purpose: string): Promise<string> {
    const response = await this.read({ path, purpose, statuses: [200] });
    return response.body.toString("utf8");
  }

  /**
   * A write that may be repeated because doing it twice changes nothing more: the answer has one of `statuses`.
   * Not for anything that starts a task.
   */
  async writeIdempotently(asked: WriteRequest, statuses: readonly number[]): Promise<HttpResponse> {
    const where = { address: this.address, purpose: asked.purpose };
    let pauseMs = this.limits.retryPauseMs;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.exchange(writeMessage(asked, {}), true);
      if (result.kind === "answer" && statuses.includes(result.response.status)) return result.response;
      const error =
        result.kind === "failure" ? transportError(result.failure, where) : refusalError(result.response, where);
      if (!error.retriable || attempt >= this.limits.readAttempts) throw error;
      await this.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, this.limits.retryPauseMaxMs);
    }
  }

  /** A write that starts a task, sent at most once; the id of the task. */
  async startTask(asked: WriteRequest | (Omit<WriteRequest, "method"> & { readonly method: "GET" })): Promise<number> {
    const where = { address: this.address, purpose: asked.purpose };
    const contextId = this.newContextId();
    const message =
      asked.method === "GET"
        ? { method: asked.method, path: asked.path, headers: { "x-bosh-context-id": contextId } }
        : writeMessage({ ...asked, method: asked.method }, { "x-bosh-context-id": contextId });
    let pauseMs = this.limits.retryPauseMs;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.exchange(message, true);
      if (result.kind === "answer") {
        const { status } = result.response;
        if (status === 302 || status === 303) return this.redirectedTask(result.response, asked.purpose);
        const error = refusalError(result.response, where);
        if (!unclearWriteStatuses.has(status)) throw error;
        return this.findLostTask(contextId, status === 500 ? error : lostStartError(where, error));
      }
      const error = transportError(result.failure, where);
      if (result.failure.mayHaveArrived) return this.findLostTask(contextId, lostStartError(where, error));
      // The connection never stood, so the director cannot have seen it: this alone is safe to send again.
      if (!error.retriable || attempt >= this.limits.readAttempts) throw error;
      await this.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, this.limits.retryPauseMaxMs);
    }
  }

  /** One task. */
  async readTask(taskId: number, attempts?: number): Promise<DirectorTask> {
    const response = await this.read({
      path: `/tasks/${taskId}`,
      purpose: `read task ${taskId}`,
      statuses: [200],
      ...(attempts === undefined ? {} : { attempts }),
    });
    return parseTask(response.body.toString("utf8"), `task ${taskId}`);
  }

  private redirectedTask(response: HttpResponse, purpose: string): number {
    // Directors answer with an absolute or a relative Location, some proxies make it http: only its path is used.
    const location = response.headers.location ?? "";
    const path = /^(?:https?:\/\/[^/]+)?(\/[^?#]*)/i.exec(location)?.[1];
    const taskId = /^\/tasks\/(\d+)$/.exec(path ?? "")?.[1];
    if (taskId === undefined) {
      throw unsupportedError(
        `the director ${this.address} answered "${purpose}" with a redirect to '${location}', no task`,
      );
    }
    return Number(taskId);
  }

  private async findLostTask(contextId: string, notFound: RecoveryError): Promise<number> {
    let pauseMs = this.limits.retryPauseMs;
    for (let attempt = 1; attempt <= this.limits.lookupAttempts; attempt += 1) {
      await this.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, this.limits.retryPauseMaxMs);
      const found = await this.lookUpTask(contextId);
      if (found !== undefined) return found;
    }
    throw notFound;
  }

  private async lookUpTask(contextId: string): Promise<number | undefined> {
    const path = `/tasks?context_id=${encodeURIComponent(contextId)}&limit=30&verbose=2`;
    try {
      const text = await this.readText(path, "look for a task whose start was not confirmed");
      // Directors that do not know the filter answer with the newest tasks of all; the mark itself decides.
      return parseTasks(text).find((task) => task.contextId === contextId)?.id;
    } catch {
      // The director may be restarting: the caller asks again until its tries are used up.
      return undefined;
    }
  }

  private async exchange(
    message: Pick<HttpRequest, "method" | "path" | "headers" | "body">,
    isAuthorized: boolean,
  ): Promise<HttpResult> {
    const { host, port } = this.settings;
    const authenticator = isAuthorized ? await this.authenticate() : undefined;
    for (let attempt = 1; ; attempt += 1) {
      const authorization = await authenticator?.authorize();
      const headers = { ...message.headers, ...(authorization === undefined ? {} : { authorization }) };
      const result = await this.transport({ ...message, host, port, headers });
      // A refused token changed nothing, so even a write may go out again with a new one, once.
      const isStale = result.kind === "answer" && result.response.status === 401 && authenticator?.refused() === true;
      if (!isStale || attempt > 1) return result;
    }
  }

  private async authenticate(): Promise<Authenticator> {
    this.authenticator ??= this.readInfo(false).then((info) =>
      authenticatorFor(info.authentication, this.settings.credentials, this.transport, this.clock),
    );
    try {
      return await this.authenticator;
    } catch (error) {
      this.authenticator = undefined;
      throw error;
    }
  }
}

function writeMessage(
  asked: WriteRequest,
  headers: Readonly<Record<string, string>>,
): Pick<HttpRequest, "method" | "path" | "headers" | "body"> {
  return {
    method: asked.method,
    path: asked.path,
    headers: { ...headers, ...(asked.contentType === undefined ? {} : { "content-type": asked.contentType }) },
    body: asked.method === "DELETE" ? asked.body : (asked.body ?? ""),
  };
}
