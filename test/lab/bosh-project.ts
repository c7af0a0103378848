// A user's project that declares the masters of the PKS lab by deployment and instance, without an address, behind the director
// that is served in front of them.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import type { PksLab } from "./lab";
import { type LabDirector, labDeployment, labSecret } from "./pks-director";
import { type CommandEnd, Project, type RunningCommand } from "./project";

/** One stack, `pks`, with state of its own. */
export class BoshProject {
  private readonly project = new Project("pks");
  private isMade = false;

  constructor(
    private readonly lab: PksLab,
    private readonly front: LabDirector,
  ) {}

  /** The project's folder. */
  get folder(): string {
    return this.project.folder;
  }

  /** Writes the stack's configuration, in place of the one before, and makes the stack if there is none. */
  async declare(change: object = {}): Promise<void> {
    const { lab, front, folder } = this;
    const members = lab.instanceIds.map((id, index) => {
      const url = (port: number) => `https://master-${index}.etcd.cfcr.internal:${port}`;
      return [`master-${index}`, { name: id, peerUrl: url(2380), clientUrl: url(2379) }] as const;
    });
    const config = {
      topology: "pks",
      director: {
        environment: `https://127.0.0.1:${front.served.port}`,
        client: "ops_manager",
        caCert: front.caCertificate,
      },
      deployment: labDeployment,
      nodes: Object.fromEntries(lab.instanceIds.map((id, index) => [`master-${index}`, { instance: id }])),
      processes: ["fluentd"],
      etcd: {
        runner: { kind: "monit" },
        members: Object.fromEntries(members),
        keptSnapshots: path.join(folder, "kept"),
      },
      monitorIntervalSeconds: 1,
      snapshotDirectory: path.join(folder, "snapshots"),
      ...change,
    };
    const entries = Object.entries(config).map(([key, value]) => [`quorate:${key}`, value]);
    const file = path.join(folder, "stacks/Pulumi.pks.yaml");
    const salt = fs.existsSync(file) ? /^encryptionsalt: .*$/m.exec(fs.readFileSync(file, "utf8"))?.[0] : undefined;
    fs.writeFileSync(file, `${salt ?? ""}\n${stringify({ config: Object.fromEntries(entries) })}`);
    if (!this.isMade) await expectExit(this.start("stack", "init", "pks").ended, 0);
    this.isMade = true;
  }

  /** Starts `quorate <args>` on the stack. */
  start(...args: readonly string[]): RunningCommand {
    return this.project.start([...args, "--stack", "pks"], this.environment());
  }

  /** Previews by way of a gateway, whose key stands in `homeSsh`/known_hosts. */
  previewThrough(gateway: Readonly<Record<string, string>>, homeSsh: string): Promise<CommandEnd> {
    const words = ["preview", "--expect-no-changes", "--stack", "pks"];
    return this.project.start(words, { ...this.environment(), ...gateway }, homeSsh).ended;
  }

  private environment(): NodeJS.ProcessEnv {
    return { XDG_STATE_HOME: path.join(this.folder, "xdg"), BOSH_CLIENT_SECRET: labSecret };
  }

  preview(...args: readonly string[]): Promise<CommandEnd> {
    return this.start("preview", ...args).ended;
  }

  up(): Promise<CommandEnd> {
    return this.start("up", "--yes", "--skip-preview").ended;
  }

  remove(): void {
    this.project.remove();
  }
}

/** What a command printed that has to end with `code`. */
export async function expectExit(end: Promise<CommandEnd>, code: number): Promise<string> {
  const { exitCode, output } = await end;
  expect(exitCode, output).to.equal(code);
  return output;
}

/** What a command printed that has to end with an error. */
export async function expectFailure(end: Promise<CommandEnd>): Promise<string> {
  const { exitCode, output } = await end;
  expect(exitCode, output).to.be.greaterThan(0);
  return output;
}
