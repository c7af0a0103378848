// The etcd members on the instances of a quorum group, each reached by a shell as `bosh ssh` opens it. A member whose agent
// is silent cannot be asked; its peers still tell of it.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../../model/declaration";
import { isRecoveryError } from "../../model/errors";
import type { EtcdDeclaration } from "../../model/etcd-declaration";
import type { EtcdSaveSnapshotStep } from "../../model/etcd-step";
import type { NodeObservation } from "../../model/node-observation";
import { stepSecondsMax } from "../../model/step";
import type { SnapshotOutcome } from "../../ports/director-access";
import { renderEtcdStep } from "../../render/etcd-step-command";
import { observeThrough, unreachableNode } from "../script-run";
import { connectBySsh, type ShellConnection, shellAccess } from "./instance-access";
import { type InstanceShell, openInstanceShell, type ShellOptions } from "./instance-shell";

/** Where members are and where their snapshots go. */
export interface EtcdMembersOptions {
  readonly shells: ShellOptions;
  readonly deployment: string;
  readonly group: string;
  /** Members are named by the instance's UUID. */
  readonly etcd: EtcdDeclaration;
  /** Folder on the operator's machine. */
  readonly snapshotDirectory: string;
}

interface Member {
  readonly shell: InstanceShell;
  readonly connection: ShellConnection;
}

/** The members of one group, reached until they are closed. Never throws for a member in trouble. */
export async function openEtcdMembers(options: EtcdMembersOptions) {
  const members = new Map<string, Member | string>();
  await Promise.all(
    Object.keys(options.etcd.members).map(async (node) => members.set(node, await openMember(options, node))),
  );
  const plane = planeOf(options.etcd, members);
  const reached = [...members.values()].filter((member) => typeof member !== "string");
  return {
    observe: async (node: string): Promise<NodeObservation> => {
      const member = members.get(node) ?? "it is not declared";
      if (typeof member === "string") return unreachableNode(node, "connect", member);
      return observeThrough(member.connection.run, plane, node);
    },
    keepSnapshot: async (step: EtcdSaveSnapshotStep): Promise<SnapshotOutcome> => {
      const member = members.get(step.node) ?? "it is not declared";
      if (typeof member === "string") return { kind: "not-kept", message: member };
      const failure = await runOn(member, renderEtcdStep(step));
      if (typeof failure === "string") return { kind: "not-kept", message: failure };
      return collect(member, plane, step, options.snapshotDirectory);
    },
    close: async (): Promise<void> => {
      await Promise.all(reached.map(({ connection }) => connection.close()));
      await Promise.all(reached.map(({ shell }) => shell.close()));
    },
  };
}

async function openMember(options: EtcdMembersOptions, node: string): Promise<Member | string> {
  try {
    const instance = { group: options.group, id: node };
    const shell = await openInstanceShell(options.shells, options.deployment, instance);
    return { shell, connection: connectBySsh(`${options.group}/${node}`, shell.target) };
  } catch (error) {
    if (!isRecoveryError(error) || error.code === "invariant") throw error;
    return error.message;
  }
}

function planeOf(etcd: EtcdDeclaration, members: ReadonlyMap<string, Member | string>): ControlPlaneDeclaration {
  const nodes = [...members].map(([node, member]) => {
    // A member without a shell is never asked; the declaration still has to name a place for it.
    const access = typeof member === "string" ? { kind: "ssh", host: node } : shellAccess(member.shell.target);
    return [node, { access: JSON.parse(JSON.stringify(access)) as unknown }];
  });
  return controlPlaneSchema.parse({ nodes: Object.fromEntries(nodes), etcd });
}

async function runOn({ connection }: Member, script: string): Promise<Uint8Array | string> {
  const result = await connection.run(script, stepSecondsMax);
  if ("kind" in result) return result.message;
  if (result.exitCode === 0) return result.stdout;
  return result.stderr.trim().split("\n").at(-1) || `exit code ${result.exitCode ?? "unknown"}`;
}

async function collect(
  member: Member,
  plane: ControlPlaneDeclaration,
  step: EtcdSaveSnapshotStep,
  directory: string,
): Promise<SnapshotOutcome> {
  const again = await observeThrough(member.connection.run, plane, step.node);
  const etcd = again.kind === "observed" ? again.etcd : undefined;
  const snapshot = etcd?.kind === "seen" ? etcd.value.snapshots.find(({ path }) => path === step.path) : undefined;
  if (snapshot?.isVerified !== true) return { kind: "not-kept", message: `${step.path} could not be verified` };
  const { sha256 } = snapshot;
  const { node, subject, reason, at, path } = step;
  const script = renderEtcdStep({ kind: "etcdCollectSnapshot", node, subject, reason, at, path, sha256 });
  const bytes = await runOn(member, script);
  if (typeof bytes === "string") return { kind: "not-kept", message: bytes };
  const own = createHash("sha256").update(bytes).digest("hex");
  if (own !== sha256) return { kind: "not-kept", message: `${path} did not arrive whole` };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, basename(path)), bytes, { mode: 0o600 });
  return { kind: "kept" };
}
