// One clear sentence for each way in which a director refuses or fails: what, where, what to do.
import { hostUnreachableError, inputError, RecoveryError, unsupportedError } from "../../model/errors";
import type { HttpResponse, TransportFailure } from "./https-transport";

/** Where a request went and what it was for. */
export interface RequestPurpose {
  /** host:port. */
  readonly address: string;
  /** Such as "recreate master/UUID". */
  readonly purpose: string;
}

interface DirectorRefusal {
  readonly code: number | undefined;
  readonly description: string;
}

/** The director's own code and sentence from an answer; its plain text when it sent no JSON. */
export function readRefusal(response: HttpResponse): DirectorRefusal {
  const text = response.body.toString("utf8").trim();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "description" in value) {
      const code = "code" in value && typeof value.code === "number" ? value.code : undefined;
      return { code, description: String(value.description) };
    }
  } catch {
    // Many refusals are plain text.
  }
  return { code: undefined, description: text.length > 200 ? `${text.slice(0, 200)}...` : text };
}

/** The error for a request that got no answer. */
export function transportError(failure: TransportFailure, { address, purpose }: RequestPurpose): RecoveryError {
  const nodeName = address;
  switch (failure.kind) {
    case "dns":
      return hostUnreachableError("dns", `cannot ${purpose}: the name of the director ${address} does not resolve`, {
        nodeName,
        hint: "check BOSH_ENVIRONMENT and this machine's name server",
      });
    case "connect":
      return hostUnreachableError(
        "connect",
        `cannot ${purpose}: the director ${address} takes no connection (${failure.code || failure.message})`,
        { nodeName, hint: "check that the director VM runs and that port 25555 is open from here" },
      );
    case "certificate":
      return hostUnreachableError(
        "host-key",
        `cannot ${purpose}: the certificate of the director ${address} is not trusted (${failure.message})`,
        { nodeName, hint: "set BOSH_CA_CERT to the CA that signed the director's certificate; nothing was sent" },
      );
    case "timeout":
      return hostUnreachableError("timeout", `cannot ${purpose}: the director ${address} did not answer in time`, {
        nodeName,
        hint: "look at the load of the director VM; `up` can be repeated, no task is started twice",
      });
    case "closed":
      return hostUnreachableError(
        "connect",
        `cannot ${purpose}: the director ${address} closed the connection before it had answered`,
        { nodeName, hint: "the director may be restarting; `up` can be repeated, no task is started twice" },
      );
  }
}

/** The error for a request whose answer was lost, and whose task was then not found either. */
export function lostStartError({ address, purpose }: RequestPurpose, cause: unknown): RecoveryError {
  return hostUnreachableError(
    "timeout",
    `the answer of the director ${address} to "${purpose}" was lost, and it lists no task for it; it was not sent again`,
    {
      nodeName: address,
      cause,
      hint: "wait a minute, then look at the plan again: a task that did start is found then",
    },
  );
}

/** The error for an answer that is a refusal or a fault of the director. */
export function refusalError(response: HttpResponse, { address, purpose }: RequestPurpose): RecoveryError {
  const { code, description } = readRefusal(response);
  const said = description === "" ? "" : `: ${description}`;
  const status = response.status;
  if (status === 401 || status === 403) {
    const isScope = code === 600000;
    return hostUnreachableError(
      "auth",
      isScope
        ? `cannot ${purpose}: the director ${address} does not allow it to our client (${status})${said}`
        : `cannot ${purpose}: the director ${address} does not accept our credentials (${status})`,
      {
        nodeName: address,
        hint: isScope
          ? "the UAA client needs bosh.admin or the deployment's team scope"
          : "check BOSH_CLIENT and BOSH_CLIENT_SECRET",
      },
    );
  }
  if (status === 404 && code === undefined) {
    return unsupportedError(`cannot ${purpose}: the director ${address} has no such endpoint (404)${said}`, {
      nodeName: address,
      hint: "a proxy that drops Content-Type, or a director of another generation; compare `bosh env`",
    });
  }
  if (status >= 400 && status < 500) {
    return inputError(`cannot ${purpose}: the director ${address} refuses (${status})${said}`, { nodeName: address });
  }
  if (status >= 500) {
    return new RecoveryError({
      code: "command-failed",
      message: `cannot ${purpose}: the director ${address} failed (${status})${said}`,
      nodeName: address,
      retriable: true,
      hint: "look at the director's log; `up` can be repeated, no task is started twice",
    });
  }
  return unsupportedError(
    `cannot ${purpose}: the director ${address} answered ${status}, which is not expected${said}`,
    {
      nodeName: address,
    },
  );
}
