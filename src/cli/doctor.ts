// `quorate doctor`: what is wrong on the nodes, with no stack and no state; only nodes.

import type { Command } from "commander";
import { openNodes } from "../adapters/nodes";
import { observeAll } from "../converge/round";
import { type Finding, findFaults } from "../plan/findings";
import { collect, planeOfNodes } from "./node-option";

interface DoctorOptions {
  readonly node: readonly string[];
  readonly service: readonly string[];
  readonly sshConfig?: string;
  readonly json?: boolean;
}

/** Adds `doctor` to the program. It ends with 0 for no fault, 2 for faults, 1 for an error. */
export function registerDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("say what is wrong on live nodes, why, and the next safe step; needs no stack, changes nothing")
    .requiredOption(
      "-n, --node <name=[user@]host[:port]>",
      "a node, as the kubelet names it and as ssh reaches it; repeat it",
      collect,
      [],
    )
    .option(
      "--service <name>",
      "a systemd unit that has to run; repeat it (default: containerd and kubelet)",
      collect,
      [],
    )
    .option("--ssh-config <file>", "ssh configuration to use in place of your own")
    .option("--json", "print findings as JSON")
    .addHelpText("after", "\nExample:\n  quorate doctor -n cp-0=root@10.0.0.10 -n cp-1=root@10.0.0.11")
    .action(async (options: DoctorOptions) => {
      const services = options.service.length > 0 ? options.service : ["containerd", "kubelet"];
      const plane = planeOfNodes(options.node, services, options.sshConfig);
      const nodes = openNodes(plane);
      try {
        const findings = findFaults(plane, await observeAll(plane, nodes));
        process.stdout.write(
          options.json === true ? `${JSON.stringify({ findings }, undefined, 2)}\n` : describe(findings, plane.nodes),
        );
        process.exitCode = findings.some(({ severity }) => severity === "fault") ? 2 : 0;
      } finally {
        await nodes.close();
      }
    });
}

function describe(findings: readonly Finding[], nodes: Readonly<Record<string, unknown>>): string {
  const count = Object.keys(nodes).length;
  if (findings.length === 0) return `no findings on ${count === 1 ? "1 node" : `${count} nodes`}\n`;
  const lines = findings.map(({ severity, node, cause, evidence, nextStep }) =>
    [
      `${node}: ${severity === "note" ? "note: " : ""}${cause}`,
      ...(evidence === undefined ? [] : [`  evidence: ${evidence}`]),
      `  next: ${nextStep}`,
    ].join("\n"),
  );
  return `${lines.join("\n")}\n${findings.length === 1 ? "1 finding" : `${findings.length} findings`}\n`;
}
