// What the stacks behind a BOSH director have in common: the director, the resurrector, the acceptance checks.

import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  type AcceptanceCheck,
  AcceptanceChecks,
  type BoshDeployment,
  BoshResurrection,
  type DirectorArgs,
  type QuorumGroupArgs,
} from "../src/resources";
import { withoutUndefined } from "./stack-config";

const text = z.string().min(1, "must not be empty");

const director = z
  .strictObject({ environment: text.optional(), client: text.optional(), caCert: text.optional() })
  .optional();

/**
 * The director; what is left out comes from BOSH_* variables and ~/.bosh/config. The secret has a key of its own, so that it
 * can be set by `config set --secret`: an object would hold it in plain text, and so would the state.
 */
export const directorConfig = { director, clientSecret: text.optional() };

/** The director as the resources take it: an argument, or nothing. */
export function directorOf(config: {
  readonly director?: z.infer<typeof director>;
  readonly clientSecret?: string | undefined;
}): { readonly director?: DirectorArgs } {
  if (config.director === undefined && config.clientSecret === undefined) return {};
  return { director: withoutUndefined({ ...config.director, clientSecret: config.clientSecret }) as DirectorArgs };
}

const filter = z.strictObject({ deployments: z.array(text).optional(), instanceGroups: z.array(text).optional() });

/** The resurrector; false leaves it alone. */
export const resurrectionConfig = z.union([
  z.literal(false),
  z.strictObject({
    enabled: z.boolean().optional(),
    configs: z
      .record(
        z.string(),
        z.strictObject({
          rules: z.array(
            z.strictObject({ enabled: z.boolean(), include: filter.optional(), exclude: filter.optional() }),
          ),
        }),
      )
      .optional(),
  }),
]);

/** Commands that have to pass afterwards. */
export const acceptanceConfig = z.array(
  z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "must be lower-case letters, digits and '-'"),
    command: text,
    expect: z.array(text).optional(),
    timeoutSeconds: z.number().min(0).optional(),
  }),
);

/** Groups that form a quorum which nobody can ask, such as Galera's: one instance of each at a time. */
export const quorumGroupsConfig = z.array(text);

/** Those groups as the resource takes them. */
export function quorumGroupsOf(groups: readonly string[]): Readonly<Record<string, QuorumGroupArgs>> {
  return Object.fromEntries(groups.map((group) => [group, {}]));
}

/** The resurrector of a stack, which has to be as declared before anything is operated on; undefined when left alone. */
export function declareResurrector(
  access: ReturnType<typeof directorOf>,
  config: z.infer<typeof resurrectionConfig>,
  deployment: string,
): BoshResurrection | undefined {
  if (config === false) return undefined;
  return new BoshResurrection("resurrector", {
    ...access,
    ...(withoutUndefined(config) as object),
    deployments: [deployment],
  });
}

/** The checks of a stack, after everything else and again after each repair. */
export function declareChecks(
  checks: readonly z.infer<typeof acceptanceConfig>[number][],
  always: boolean,
  after: readonly pulumi.Resource[],
  deployment: BoshDeployment | undefined,
): void {
  if (checks.length === 0) return;
  new AcceptanceChecks(
    "acceptance",
    {
      checks: checks.map((check) => withoutUndefined(check) as AcceptanceCheck),
      triggers: deployment === undefined ? [] : [deployment.repairs],
      always,
    },
    { dependsOn: [...after] },
  );
}
