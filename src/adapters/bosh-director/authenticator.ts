// The Authorization header: none, basic, or a UAA token that is used until shortly before it expires.
import { z } from "zod";
import type { DirectorAuthentication } from "../../model/bosh";
import { hostUnreachableError, inputError, unsupportedError } from "../../model/errors";
import type { Clock } from "../../ports/clock";
import { transportError } from "./director-failures";
import type { DirectorCredentials } from "./director-settings";
import type { HttpTransport } from "./https-transport";

/** Gives the Authorization header for the next request. */
export interface Authenticator {
  /** Header value; undefined to send none. */
  authorize(): Promise<string | undefined>;
  /** Told that the director refused the last header. True when a new attempt may fare better. */
  refused(): boolean;
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().optional(),
  refresh_token: z.string().optional(),
});

// A token is given up a minute early, so that it does not expire on its way.
const tokenMarginMs = 60_000;

function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`, "utf8").toString("base64")}`;
}

/** The authenticator that the director's kind and our credentials ask for. */
export function authenticatorFor(
  authentication: DirectorAuthentication,
  credentials: DirectorCredentials,
  transport: HttpTransport,
  clock: Clock,
): Authenticator {
  if (authentication.kind !== "uaa") {
    if (credentials.kind === "refresh-token") {
      throw inputError("~/.bosh/config holds a UAA token, but the director asks for a user and a password", {
        hint: "log in again with the bosh CLI or set BOSH_CLIENT and BOSH_CLIENT_SECRET",
      });
    }
    const header = credentials.kind === "client" ? basic(credentials.client, credentials.secret) : undefined;
    return { authorize: async () => header, refused: () => false };
  }
  return new TokenAuthenticator(new URL(authentication.url), credentials, transport, clock);
}

class TokenAuthenticator implements Authenticator {
  private token: { readonly value: string; readonly expiresAtMs: number } | undefined;
  private refreshToken: string | undefined;
  private pending: Promise<string> | undefined;

  constructor(
    private readonly url: URL,
    private readonly credentials: DirectorCredentials,
    private readonly transport: HttpTransport,
    private readonly clock: Clock,
  ) {
    if (url.protocol !== "https:") {
      throw unsupportedError(`the director names ${url.origin} as its UAA, which is not https`);
    }
    this.refreshToken = credentials.kind === "refresh-token" ? credentials.refreshToken : undefined;
  }

  async authorize(): Promise<string | undefined> {
    if (this.credentials.kind === "anonymous") return undefined;
    if (this.token !== undefined && this.token.expiresAtMs > this.clock.nowMs()) return `bearer ${this.token.value}`;
    // Requests that run side by side share one token request.
    this.pending ??= this.renew().finally(() => {
      this.pending = undefined;
    });
    return `bearer ${await this.pending}`;
  }

  refused(): boolean {
    const hadToken = this.token !== undefined;
    this.token = undefined;
    return hadToken;
  }

  private async renew(): Promise<string> {
    const [name, secret, form] = this.grant();
    const address = `${this.url.hostname}:${this.url.port || "443"}`;
    const result = await this.transport({
      method: "POST",
      host: this.url.hostname,
      port: Number(this.url.port || "443"),
      path: `${this.url.pathname.replace(/\/$/, "")}/oauth/token`,
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        authorization: basic(name, secret),
      },
      body: new URLSearchParams(form).toString(),
    });
    if (result.kind === "failure") throw transportError(result.failure, { address, purpose: "log in at the UAA" });
    const { status, body } = result.response;
    if (status !== 200) {
      // The body is left out: some UAA versions repeat the request in it.
      throw hostUnreachableError("auth", `the UAA ${address} does not accept our credentials (${status})`, {
        nodeName: address,
        hint: "check BOSH_CLIENT and BOSH_CLIENT_SECRET, or log in again with the bosh CLI",
      });
    }
    const parsed = tokenSchema.safeParse(parseJson(body.toString("utf8")));
    if (!parsed.success) throw unsupportedError(`the UAA ${address} answered without a token`, { nodeName: address });
    const lifetimeMs = (parsed.data.expires_in ?? 0) * 1000;
    this.token = {
      value: parsed.data.access_token,
      expiresAtMs: this.clock.nowMs() + Math.max(0, lifetimeMs - tokenMarginMs),
    };
    this.refreshToken = parsed.data.refresh_token ?? this.refreshToken;
    return parsed.data.access_token;
  }

  private grant(): readonly [name: string, secret: string, form: Record<string, string>] {
    if (this.credentials.kind === "client") {
      return [this.credentials.client, this.credentials.secret, { grant_type: "client_credentials" }];
    }
    // Users log in as the public client "bosh_cli". Source: cloudfoundry/bosh-cli uaa/.
    return ["bosh_cli", "", { grant_type: "refresh_token", refresh_token: this.refreshToken ?? "" }];
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
