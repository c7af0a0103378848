// `quorate capture`: writes the declaration of a healthy cluster, so that the day it breaks there is something to compare with.

import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { Document, stringify } from "yaml";
import { openNodes } from "../adapters/nodes";
import { observeAll } from "../converge/round";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { inputError } from "../model/errors";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import { type Captured, captureNodes } from "../plan/capture";
import { findFaults } from "../plan/findings";
import { collect, planeOfNodes } from "./node-option";

interface CaptureOptions {
  readonly stack: string;
  readonly node: readonly string[];
  readonly service: readonly string[];
  readonly sshConfig?: string;
  readonly cwd: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `capture` to the program. */
export function registerCaptureCommand(program: Command): void {
  program
    .command("capture")
    .description("write the declaration of a healthy control plane: stacks/Pulumi.<stack>.yaml and its manifests")
    .requiredOption("-s, --stack <name>", "the stack to write")
    .requiredOption(
      "-n, --node <name=[user@]host[:port]>",
      "a node, as the kubelet names it and as ssh reaches it; repeat it",
      collect,
      [],
    )
    .option(
      "--service <name>",
      "a systemd unit that has to run on every node; repeat it (default: containerd and kubelet)",
      collect,
      [],
    )
    .option("--ssh-config <file>", "ssh configuration to use in place of your own")
    .option("-C, --cwd <folder>", "the project's folder", ".")
    .option("--force", "replace what is there")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  quorate capture -s prod -n cp-0=root@10.0.0.10 -n cp-1=root@10.0.0.11 -n cp-2=root@10.0.0.12",
    )
    .action(capture);
}

async function capture(options: CaptureOptions): Promise<void> {
  const plane = planeOf(options);
  const nodes = openNodes(plane);
  try {
    const observations = await observeAll(plane, nodes);
    const written = writeStack(options, plane, captureNodes(healthyOrThrow(plane, observations)));
    if (options.json === true) process.stdout.write(`${JSON.stringify(written, undefined, 2)}\n`);
    else process.stdout.write(describe(written, options.stack));
  } finally {
    await nodes.close();
  }
}

interface Written {
  readonly files: readonly string[];
  readonly skipped: readonly string[];
}

function writeStack(options: CaptureOptions, plane: ControlPlaneDeclaration, captured: Captured): Written {
  const stacks = path.join(options.cwd, "stacks");
  const files = new Map<string, string>();
  files.set(path.join(stacks, `Pulumi.${options.stack}.yaml`), stackYaml(options, plane, captured));
  const manifests = path.join(stacks, options.stack, "manifests");
  for (const [name, pod] of Object.entries(captured.common))
    files.set(path.join(manifests, `${name}.yaml`), stringify(pod));
  for (const [node, pods] of Object.entries(captured.own)) {
    for (const [name, pod] of Object.entries(pods))
      files.set(path.join(manifests, node, `${name}.yaml`), stringify(pod));
  }
  const existing = [...files.keys()].filter((file) => fs.existsSync(file));
  if (existing.length > 0 && options.force !== true) {
    throw inputError(`${existing[0]} is there already: nothing was written`, {
      hint: "give --force to replace it, or another --stack",
    });
  }
  for (const [file, text] of files) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return { files: [...files.keys()].sort(), skipped: captured.skipped };
}

function stackYaml(options: CaptureOptions, plane: ControlPlaneDeclaration, captured: Captured): string {
  const nodes = Object.entries(plane.nodes).map(
    ([name, { access }]) => [name, { access, values: captured.values[name] ?? {} }] as const,
  );
  const services = Object.fromEntries(servicesOf(options).map((name) => [name, {}]));
  return new Document({
    config: {
      "quorate:topology": "kubeadm",
      "quorate:manifests": `${options.stack}/manifests`,
      "quorate:nodes": Object.fromEntries(nodes),
      "quorate:services": services,
    },
  }).toString();
}

function planeOf(options: CaptureOptions): ControlPlaneDeclaration {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(options.stack)) {
    throw inputError(
      `--stack ${JSON.stringify(options.stack)} is no stack name: use letters, digits, '.', '_' and '-'`,
    );
  }
  return planeOfNodes(options.node, servicesOf(options), options.sshConfig);
}

function servicesOf(options: CaptureOptions): readonly string[] {
  return options.service.length > 0 ? options.service : ["containerd", "kubelet"];
}

// A declaration taken from a node that is not well would make the fault the intended state.
function healthyOrThrow(
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
): readonly ObservedNode[] {
  const seen = observations.map(observedOrThrow);
  const faults = findFaults(plane, observations).filter(({ severity }) => severity === "fault");
  const broken = [...new Set(faults.map(({ node }) => node))];
  if (broken.length === 0) return seen;
  const subject = broken.length === 1 ? `node ${broken[0]} is` : `nodes ${broken.join(", ")} are`;
  throw inputError(`${subject} not healthy, and what is captured becomes what is intended`, {
    problems: faults.map(
      ({ node, cause, evidence }) => `${node}: ${[cause, ...(evidence ? [evidence] : [])].join(": ")}`,
    ),
    hint: "mend it first, then capture",
  });
}

function observedOrThrow(observation: NodeObservation): ObservedNode {
  if (observation.kind === "unreachable")
    throw inputError(`node ${observation.node} is unreachable: ${observation.message}`, {
      hint: "capture needs every node, healthy",
    });
  if (observation.manifests.kind === "unknown")
    throw inputError(`node ${observation.node}: its manifests could not be read: ${observation.manifests.reason}`);
  return observation;
}

function describe(written: Written, stack: string): string {
  const skipped = written.skipped.map((line) => `left out: ${line}\n`).join("");
  const files = written.files.map((file) => `wrote ${file}\n`).join("");
  return `${files}${skipped}next: quorate stack init ${stack} && quorate preview --stack ${stack}\n`;
}
