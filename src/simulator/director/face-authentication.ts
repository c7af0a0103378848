// Who is asking the served director: basic authentication, or tokens of a small UAA of its own.
// Source: cloudfoundry/bosh director lib/bosh/director/api/{local_identity_provider,uaa_identity_provider}.rb.
import type { VirtualClock } from "../virtual-clock";
import { jsonAnswer } from "./answers";
import type { DirectorAnswer } from "./routes";

/** Credentials that the served director takes. */
export interface FaceAuthentication {
  readonly kind: "basic" | "uaa";
  readonly client: string;
  readonly secret: string;
  /** How long a token is good for; only for "uaa". */
  readonly tokenLifetimeSecs?: number;
  /** A token that a logged-in user may renew with; only for "uaa". */
  readonly refreshToken?: string;
}

/** Tokens that were issued, with the time when each lapses. */
export interface TokenIssuer {
  readonly url: string;
  readonly issued: Map<string, number>;
}

/** Who sent a request. */
export type Identity =
  | { readonly kind: "known"; readonly user: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "token-answer"; readonly answer: DirectorAnswer };

const defaultTokenLifetimeSecs = 600;

/** Judges a request; requests for a token are answered here. */
export function identify(
  authentication: FaceAuthentication,
  issuer: TokenIssuer,
  clock: VirtualClock,
  request: {
    readonly method: string;
    readonly segments: readonly string[];
    readonly authorization: string | undefined;
    readonly body: string;
  },
): Identity {
  const isClient = matchesBasic(authentication, request.authorization);
  if (authentication.kind === "basic") {
    return isClient ? { kind: "known", user: authentication.client } : { kind: "unknown" };
  }
  if (request.method === "POST" && request.segments.join("/") === "uaa/oauth/token") {
    const form = new URLSearchParams(request.body);
    const isGranted =
      form.get("grant_type") === "refresh_token"
        ? authentication.refreshToken !== undefined && form.get("refresh_token") === authentication.refreshToken
        : form.get("grant_type") === "client_credentials" && isClient;
    return { kind: "token-answer", answer: issueToken(authentication, issuer, clock, isGranted) };
  }
  const token = /^bearer (.+)$/i.exec(request.authorization ?? "")?.[1] ?? "";
  const lapsesAtMs = issuer.issued.get(token);
  if (lapsesAtMs === undefined || lapsesAtMs <= clock.nowMs()) return { kind: "unknown" };
  return { kind: "known", user: authentication.client };
}

function issueToken(
  authentication: FaceAuthentication,
  issuer: TokenIssuer,
  clock: VirtualClock,
  isGranted: boolean,
): DirectorAnswer {
  if (!isGranted) {
    return jsonAnswer({ error: "unauthorized", error_description: "Bad credentials" }, 401);
  }
  const lifetimeSecs = authentication.tokenLifetimeSecs ?? defaultTokenLifetimeSecs;
  const token = `token-${issuer.issued.size + 1}`;
  issuer.issued.set(token, clock.nowMs() + lifetimeSecs * 1000);
  return jsonAnswer({ access_token: token, token_type: "bearer", expires_in: lifetimeSecs });
}

function matchesBasic(authentication: FaceAuthentication, authorization: string | undefined): boolean {
  const encoded = /^basic (.+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return false;
  return Buffer.from(encoded, "base64").toString("utf8") === `${authentication.client}:${authentication.secret}`;
}
