// Serves the simulated director over HTTPS, so that the ordinary bosh CLI and our own client can be pointed at it. Faults
// of transport (a hang, a closed connection, a 500) are injected here; faults of the world belong to the world.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { jsonAnswer, plainAnswer } from "./answers";
import type { ServerCertificate } from "./certificate";
import { type FaceAuthentication, identify, type TokenIssuer } from "./face-authentication";
import { answerRequest, type DirectorAnswer, type DirectorRequest } from "./routes";
import type { SimulatedDirector } from "./simulated-director";

/** What goes wrong with one request. */
export type TransportFault =
  /** No answer at all; `isProcessed` tells whether the director took the request first. */
  | { readonly kind: "hang"; readonly isProcessed: boolean }
  /** Closed without a word. */
  | { readonly kind: "close"; readonly isProcessed: boolean }
  | { readonly kind: "status"; readonly status: number; readonly body: string; readonly isProcessed: boolean }
  /** Redirects name this origin, as behind some proxies. */
  | { readonly kind: "absolute-location"; readonly origin: string };

/** How the director is served. */
export interface FaceOptions {
  readonly certificate: ServerCertificate;
  readonly authentication: FaceAuthentication;
  /** 0 for any free port. */
  readonly port: number;
  /** Address to listen on; loopback unless said otherwise. */
  readonly host?: string;
  /** Called before each request is answered; moves virtual time on where nobody sleeps on it. */
  readonly beforeAnswer?: () => void;
  /** The fault for a request, asked once for each; undefined for none. */
  readonly faultFor?: (method: string, url: string) => TransportFault | undefined;
}

/** A request as it arrived, for tests and the practice log. */
export interface ServedRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly status: number | undefined;
}

/** A director that is being served. */
export interface ServedDirector {
  readonly port: number;
  /** All requests so far. Headers, and with them credentials, are not kept. */
  readonly requests: readonly ServedRequest[];
  close(): Promise<void>;
}

/** Serves the director until it is closed. */
export async function serveDirector(director: SimulatedDirector, options: FaceOptions): Promise<ServedDirector> {
  const requests: ServedRequest[] = [];
  const server = createServer(
    { key: options.certificate.privateKey, cert: options.certificate.certificate },
    (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        respond(director, options, issuer, requests, incoming, body, outgoing);
      });
    },
  );
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  // UAA is served at the same address, below /uaa.
  const issuer: TokenIssuer = { url: `https://${host}:${port}/uaa`, issued: new Map() };
  return { port, requests, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function respond(
  director: SimulatedDirector,
  options: FaceOptions,
  issuer: TokenIssuer,
  requests: ServedRequest[],
  incoming: IncomingMessage,
  body: string,
  outgoing: ServerResponse,
): void {
  const method = incoming.method ?? "GET";
  const url = incoming.url ?? "/";
  const contentType = (incoming.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const note = (status: number | undefined): void => {
    requests.push({ method, url, contentType, body, status });
  };
  options.beforeAnswer?.();
  const fault = options.faultFor?.(method, url);
  const isAnswered = fault === undefined || fault.kind === "absolute-location" || fault.isProcessed;
  const answer = isAnswered ? answerTo(director, options, issuer, incoming, contentType, body) : undefined;
  if (fault?.kind === "hang" || fault?.kind === "close") {
    note(undefined);
    if (fault.kind === "close") incoming.socket.destroy();
    return;
  }
  const sent = fault?.kind === "status" ? plainAnswer(fault.status, fault.body) : answer;
  if (sent === undefined) return;
  note(sent.status);
  const location = sent.headers.location;
  const isMoved = fault?.kind === "absolute-location" && location !== undefined;
  send(outgoing, isMoved ? { ...sent, headers: { ...sent.headers, location: `${fault.origin}${location}` } } : sent);
}

function answerTo(
  director: SimulatedDirector,
  options: FaceOptions,
  issuer: TokenIssuer,
  incoming: IncomingMessage,
  contentType: string,
  body: string,
): DirectorAnswer {
  const url = new URL(incoming.url ?? "/", "https://director");
  const segments = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const authorization = incoming.headers.authorization;
  const identity = identify(options.authentication, issuer, director.clock, {
    segments,
    authorization,
    body,
    method: incoming.method ?? "GET",
  });
  if (identity.kind === "token-answer") return identity.answer;
  const user = identity.kind === "known" ? identity.user : undefined;
  if (incoming.method === "GET" && url.pathname === "/info") {
    return jsonAnswer(directorInfo(director, options.authentication, issuer, user));
  }
  if (user === undefined) {
    return {
      ...plainAnswer(401, `Not authorized: '${url.pathname}'`),
      headers: { "www-authenticate": 'Basic realm="BOSH Director"' },
    };
  }
  const contextId = String(incoming.headers["x-bosh-context-id"] ?? "");
  const request: DirectorRequest = {
    method: incoming.method ?? "GET",
    segments,
    query: url.searchParams,
    contentType,
    range: incoming.headers.range,
    body,
    requester: { user, contextId },
  };
  return answerRequest(director, request);
}

function directorInfo(
  director: SimulatedDirector,
  authentication: FaceAuthentication,
  issuer: TokenIssuer,
  user: string | undefined,
): object {
  return {
    name: director.name,
    uuid: director.uuid,
    version: director.version,
    user: user ?? null,
    cpi: "vsphere_cpi",
    stemcell_os: "-",
    stemcell_version: "-",
    user_authentication:
      authentication.kind === "basic"
        ? { type: "basic", options: {} }
        : { type: "uaa", options: { url: issuer.url, urls: [issuer.url] } },
    features: {
      local_dns: { status: true, extras: { domain_name: "bosh" } },
      snapshots: { status: false },
      config_server: { status: false, extras: { urls: [] } },
    },
  };
}

function send(outgoing: ServerResponse, answer: DirectorAnswer): void {
  const length = typeof answer.body === "string" ? Buffer.byteLength(answer.body) : answer.body.length;
  const hasBody = answer.status !== 204;
  outgoing.writeHead(answer.status, { ...answer.headers, ...(hasBody ? { "content-length": String(length) } : {}) });
  outgoing.end(hasBody ? answer.body : undefined);
}
