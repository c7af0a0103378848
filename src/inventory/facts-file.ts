// Reads observed facts from a JSON file: what `quorate inventory --observe` sees can be kept, looked at and used where
// the nodes cannot be reached.

import { z } from "zod";
import { inputError } from "../model/errors";
import type { EtcdFacts } from "../model/inventory-recovery";

/** 64-bit numbers are text in JSON: a JavaScript reader would round them. */
const bigNumber = z
  .union([z.string().regex(/^\d+$/), z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)])
  .transform(BigInt);

const hostSchema = z.strictObject({
  host: z.string().min(1),
  isReachable: z.boolean(),
  deployment: z.enum(["host", "docker", "kubeadm"]).optional(),
  member: z
    .strictObject({ id: z.string().regex(/^[0-9a-f]{1,16}$/), name: z.string(), peerUrl: z.string() })
    .optional(),
  isHealthyVoter: z.boolean(),
  raftIndex: bigNumber.optional(),
  revision: bigNumber.optional(),
  etcdVersion: z.string().optional(),
  hasCaKey: z.boolean().optional(),
  apiServerAnswers: z.boolean().optional(),
  isControlPlaneBroken: z.boolean().optional(),
});

const factsSchema = z.strictObject({
  verdict: z.enum([
    "healthy",
    "minority-lost",
    "quorum-lost",
    "forked",
    "full",
    "corrupt",
    "certificates",
    "tool-failure",
    "unknown",
  ]),
  canBeStarted: z.boolean().optional(),
  hosts: z.array(hostSchema),
});

/**
 * Reads the text of a facts file.
 * @throws RecoveryError "input" with every problem and its path.
 */
export function parseFacts(path: string, text: string): EtcdFacts {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw inputError(`${path} is no JSON`, { cause, hint: "give a file of observed facts" });
  }
  const parsed = factsSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${path}: ${issue.path.join(".") || "the whole file"}: ${issue.message}`,
  );
  throw inputError(problems[0] ?? `${path} holds no facts`, { problems });
}

/** The text of a facts file. */
export function renderFacts(facts: EtcdFacts): string {
  const asText = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
  return `${JSON.stringify(facts, asText, 2)}\n`;
}
