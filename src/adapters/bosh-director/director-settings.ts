// Finds the director and the credentials where the `bosh` CLI finds them: BOSH_* variables, then ~/.bosh/config.
// Reading files is handed in, so that this stays a function of its arguments.
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { inputError } from "../../model/errors";
import { proxyVariableFor } from "./proxy-variables";

/** How we prove who we are. */
export type DirectorCredentials =
  | { readonly kind: "client"; readonly client: string; readonly secret: string }
  | { readonly kind: "refresh-token"; readonly refreshToken: string }
  | { readonly kind: "anonymous" };

/** One director and our credentials there. */
export interface DirectorSettings {
  readonly host: string;
  readonly port: number;
  /** PEM; undefined means the system's roots. */
  readonly caCertificate: string | undefined;
  readonly credentials: DirectorCredentials;
}

/** What a declaration may say itself; each field wins over the environment. */
export interface DirectorSettingsInput {
  /** URL, host, host:port, or an alias of ~/.bosh/config. */
  readonly environment?: string | undefined;
  readonly client?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** PEM text or a path. */
  readonly caCert?: string | undefined;
}

/** What of the outside the settings are read from. */
export interface SettingsSources {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  /** The file's text; undefined when there is no such file. */
  readonly readFile: (path: string) => string | undefined;
}

const environmentSchema = z.object({
  url: z.string(),
  alias: z.string().optional(),
  ca_cert: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  refresh_token: z.string().optional(),
});
const configSchema = z.object({ environments: z.array(environmentSchema).optional() }).nullish();
type StoredEnvironment = z.infer<typeof environmentSchema>;

// Source: cloudfoundry/bosh-cli director/config.go.
const defaultPort = 25555;

/**
 * The director to talk to and how.
 * @throws RecoveryError `input` when no director is named, a file is missing or unreadable, or a proxy is asked for.
 */
export function readDirectorSettings(input: DirectorSettingsInput, sources: SettingsSources): DirectorSettings {
  const { variables } = sources;
  const named = nonEmpty(input.environment) ?? nonEmpty(variables.BOSH_ENVIRONMENT);
  if (named === undefined) {
    throw inputError("no BOSH director is named", {
      hint: "declare `director.environment` or set BOSH_ENVIRONMENT to its URL or to an alias of ~/.bosh/config",
    });
  }
  if (nonEmpty(variables.BOSH_ALL_PROXY) !== undefined) {
    throw inputError("BOSH_ALL_PROXY is set, but the director is reached directly only", {
      hint: "open a tunnel (ssh -L 25555:DIRECTOR:25555 JUMPHOST), set BOSH_ENVIRONMENT to it and unset BOSH_ALL_PROXY",
    });
  }
  const stored = findStored(named, readStored(sources));
  const { host, port } = parseAddress(stored?.url ?? named);
  const proxy = proxyVariableFor(variables, host, port);
  if (proxy !== undefined) {
    throw inputError(`${proxy} is set, but the director ${host} is reached directly only`, {
      hint: `add ${host} to NO_PROXY if it can be reached from here, or open a tunnel (ssh -L 25555:${host}:${port} JUMPHOST) and name that`,
    });
  }
  const caText = nonEmpty(input.caCert) ?? nonEmpty(variables.BOSH_CA_CERT);
  const caCertificate = caText === undefined ? nonEmpty(stored?.ca_cert) : readCertificate(caText, sources);
  return { host, port, caCertificate, credentials: chooseCredentials(input, variables, stored) };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text;
}

function readStored(sources: SettingsSources): readonly StoredEnvironment[] {
  const path = nonEmpty(sources.variables.BOSH_CONFIG) ?? `${sources.homeDirectory}/.bosh/config`;
  const text = sources.readFile(path);
  if (text === undefined) return [];
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch {
    // The YAML error quotes the file, which may hold a password, so it is left out.
    throw inputError(`${path} is not YAML`, {
      hint: "log in again with the bosh CLI, or set BOSH_CONFIG to another file",
    });
  }
  const parsed = configSchema.safeParse(content);
  if (!parsed.success) {
    throw inputError(`${path} is not a bosh CLI configuration`, { hint: "log in again with the bosh CLI" });
  }
  return parsed.data?.environments ?? [];
}

function findStored(named: string, stored: readonly StoredEnvironment[]): StoredEnvironment | undefined {
  const byAlias = stored.find((environment) => environment.alias === named);
  if (byAlias !== undefined) return byAlias;
  const address = tryParseAddress(named);
  if (address === undefined) return undefined;
  return stored.find((environment) => {
    const other = tryParseAddress(environment.url);
    return other !== undefined && other.host === address.host && other.port === address.port;
  });
}

function tryParseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  // The scheme is forced to https, whatever was typed, as the bosh CLI does; "10.0.0.1:25555" is taken too.
  const withScheme = `https://${text.replace(/^https?:\/\//i, "")}`;
  const port = /^https:\/\/[^/]*?:(\d+)\/?$/.exec(withScheme)?.[1];
  try {
    const url = new URL(withScheme);
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (host === "" || url.username !== "" || url.pathname !== "/") return undefined;
    return { host, port: port === undefined ? defaultPort : Number(port) };
  } catch {
    return undefined;
  }
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const address = tryParseAddress(text);
  if (address === undefined) {
    throw inputError(`'${text}' is neither the URL of a BOSH director nor an alias of ~/.bosh/config`, {
      hint: "give host, host:port or https://host:port",
    });
  }
  return address;
}

function readCertificate(text: string, sources: SettingsSources): string {
  if (text.includes("BEGIN")) return text;
  const path = text.startsWith("~/") ? `${sources.homeDirectory}/${text.slice(2)}` : text;
  const content = sources.readFile(path);
  if (content === undefined) {
    throw inputError(`the CA certificate of the director, ${path}, does not exist`, {
      hint: "set BOSH_CA_CERT to a PEM file or to the PEM text itself",
    });
  }
  if (!content.includes("BEGIN CERTIFICATE")) {
    throw inputError(`${path} holds no PEM certificate`, { hint: "give the director's CA certificate in PEM form" });
  }
  return content;
}

function chooseCredentials(
  input: DirectorSettingsInput,
  variables: SettingsSources["variables"],
  stored: StoredEnvironment | undefined,
): DirectorCredentials {
  const client = nonEmpty(input.client) ?? nonEmpty(variables.BOSH_CLIENT);
  if (client !== undefined) {
    return { kind: "client", client, secret: input.clientSecret ?? variables.BOSH_CLIENT_SECRET ?? "" };
  }
  const refreshToken = nonEmpty(stored?.refresh_token);
  if (refreshToken !== undefined) return { kind: "refresh-token", refreshToken };
  const username = nonEmpty(stored?.username);
  if (username !== undefined) return { kind: "client", client: username, secret: stored?.password ?? "" };
  return { kind: "anonymous" };
}
