// One HTTPS request, one answer: no redirects followed, nothing repeated, nothing thrown for what the peer says.
// Whoever calls decides what may be repeated; for that the failure says whether the request can have arrived.
import { Agent, request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";

/** What is sent. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly host: string;
  readonly port: number;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for none; "" sends `Content-Length: 0`. */
  readonly body?: string | undefined;
}

/** What came back. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** How a request failed without an answer. */
export interface TransportFailure {
  readonly kind: "dns" | "connect" | "certificate" | "timeout" | "closed";
  /** True when the peer may have taken the request: repeating it may do the thing twice. */
  readonly mayHaveArrived: boolean;
  readonly code: string;
  readonly message: string;
}

/** An answer or the reason why there is none. */
export type HttpResult =
  | { readonly kind: "answer"; readonly response: HttpResponse }
  | { readonly kind: "failure"; readonly failure: TransportFailure };

/** Sends one request. */
export type HttpTransport = (request: HttpRequest) => Promise<HttpResult>;

const dnsCodes = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL"]);

// Node's names for a peer whose certificate we do not trust; those from OpenSSL have no common prefix.
const certificatePattern = /CERT|SIGNATURE|ISSUER|ALTNAME/;

/** A transport over TLS 1.2 or newer that trusts `caCertificate` only, or the system's roots when it is undefined. */
export function httpsTransport(options: {
  readonly caCertificate: string | undefined;
  /** Longest silence while connecting, sending or receiving. */
  readonly idleTimeoutMs: number;
}): HttpTransport {
  const agent = new Agent({ keepAlive: false, minVersion: "TLSv1.2", ca: options.caCertificate });
  return (sent) =>
    new Promise((resolve) => {
      let isConnected = false;
      const fail = (error: NodeJS.ErrnoException): void =>
        resolve({ kind: "failure", failure: classifyFailure(error, isConnected) });
      const request = httpsRequest(
        {
          agent,
          method: sent.method,
          host: sent.host,
          port: sent.port,
          path: sent.path,
          headers: {
            ...sent.headers,
            ...(sent.body === undefined ? {} : { "content-length": String(Buffer.byteLength(sent.body)) }),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", fail);
          incoming.on("end", () => {
            const headers: Record<string, string | undefined> = {};
            for (const [name, value] of Object.entries(incoming.headers)) {
              headers[name] = Array.isArray(value) ? value.join(", ") : value;
            }
            resolve({
              kind: "answer",
              response: { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) },
            });
          });
        },
      );
      request.on("socket", (socket) => (socket as TLSSocket).once("secureConnect", () => (isConnected = true)));
      request.on("error", fail);
      request.setTimeout(options.idleTimeoutMs, () =>
        request.destroy(Object.assign(new Error("no answer in time"), { code: "QUORATE_TIMEOUT" })),
      );
      request.end(sent.body);
    });
}

function classifyFailure(error: NodeJS.ErrnoException, mayHaveArrived: boolean): TransportFailure {
  const code = error.code ?? "";
  const base = { mayHaveArrived, code, message: error.message };
  if (code === "QUORATE_TIMEOUT" || code === "ETIMEDOUT") return { kind: "timeout", ...base };
  if (dnsCodes.has(code)) return { kind: "dns", ...base };
  if (certificatePattern.test(code)) return { kind: "certificate", ...base };
  if (mayHaveArrived) return { kind: "closed", ...base };
  return { kind: "connect", ...base };
}
