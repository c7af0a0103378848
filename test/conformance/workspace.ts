// A recorded program in a folder of its own, its paths moved there, and one run of the embedded engine on it.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { typescriptHook } from "../../src/engine/child-process";
import { type DeploymentOptions, type DeploymentResult, runDeployment } from "../../src/engine/deployment";
import type { EngineEvent } from "../../src/engine/events";
import { passphrase } from "./compare";
import type { PluginCall } from "./plugin/wire-json";
import { type RecordedAnswer, recordingsRoot } from "./recording";

const repository = resolve(__dirname, "../..");
const pluginSources = join(__dirname, "plugin");

/** What the engine did in one run. */
export interface ObservedRun {
  readonly result: DeploymentResult;
  readonly calls: readonly PluginCall[];
  readonly events: readonly EngineEvent[];
  /** State file after the run. */
  readonly state: string;
}

/** Plugin of a workspace: the recorded one, or one that answers from the recording. */
export type PluginKind = "recorded" | "replaying";

/** A folder with a recorded program, a state backend and what its plugin reads and writes. */
export class Workspace {
  readonly root = mkdtempSync(join(tmpdir(), "quorate-conformance-"));
  readonly project = join(this.root, "demo");
  readonly env: NodeJS.ProcessEnv;

  constructor(
    scenario: string,
    private readonly kind: PluginKind,
  ) {
    cpSync(join(recordingsRoot, scenario, "program"), this.project, { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(this.project, "node_modules"));
    for (const folder of ["demo/nodes", "live", "beh", "state/.pulumi/stacks/demo"]) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    writeFileSync(join(this.root, "state/.pulumi/meta.yaml"), "version: 1\n");
    // A replaying plugin touches no file, so the recorded paths may stay.
    if (kind === "recorded") this.movePaths(this.project);
    this.installPlugin();
    this.env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(this.root, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      QUORATE_TEST_CALLS: join(this.root, "calls.jsonl"),
      QUORATE_TEST_ANSWERS: join(this.root, "answers.json"),
    };
  }

  /** Writes a file below the root, its recorded paths moved. */
  write(path: string, content: string): void {
    const target = join(this.root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, this.moved(content));
  }

  /** Replaces text in a file of the project. */
  edit(path: string, from: string, to: string): void {
    const file = join(this.project, path);
    const content = readFileSync(file, "utf8");
    if (!content.includes(from)) throw new Error(`${path} does not contain ${from}`);
    writeFileSync(file, content.replace(from, to));
  }

  /** Runs the engine from a recorded state. */
  async run(
    before: string,
    answers: Readonly<Record<string, readonly RecordedAnswer[]>>,
    options: Pick<DeploymentOptions, "kind"> & Partial<DeploymentOptions>,
  ): Promise<ObservedRun> {
    this.write("state/.pulumi/stacks/demo/prod.json", before);
    this.write("answers.json", JSON.stringify(answers));
    rmSync(join(this.root, "calls.jsonl"), { force: true });
    const events: EngineEvent[] = [];
    const result = await runDeployment(
      {
        cwd: this.project,
        stack: "prod",
        env: this.env,
        parallel: 8,
        refresh: undefined,
        continueOnError: true,
        ...options,
      },
      (event) => events.push(event),
    );
    return { result, calls: this.readCalls(), events, state: this.readState() };
  }

  /** State file, paths as recorded. */
  readState(): string {
    return this.recorded(readFileSync(join(this.root, "state/.pulumi/stacks/demo/prod.json"), "utf8"));
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private readCalls(): readonly PluginCall[] {
    const file = join(this.root, "calls.jsonl");
    if (!existsSync(file)) return [];
    const lines = this.recorded(readFileSync(file, "utf8")).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as PluginCall);
  }

  private installPlugin(): void {
    const folder = join(this.project, "src/provider");
    const main =
      this.kind === "recorded"
        ? `require(${JSON.stringify(join(pluginSources, "record.ts"))}); require("./index.ts");`
        : `require(${JSON.stringify(join(pluginSources, "replay.ts"))});`;
    // As a program of its own it starts at once; the SDK's runner of plugin folders would load a compiler first.
    const hook = JSON.stringify(typescriptHook);
    writeFileSync(
      join(folder, "pulumi-resource-quorate"),
      `#!/usr/bin/env node\nprocess.chdir(${JSON.stringify(folder)}); require(${hook}); ${main}\n`,
      { mode: 0o755 },
    );
  }

  private movePaths(folder: string): void {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (name === "node_modules") continue;
      if (statSync(path).isDirectory()) this.movePaths(path);
      else writeFileSync(path, this.moved(readFileSync(path, "utf8")));
    }
  }

  private moved(text: string): string {
    return this.kind === "recorded" ? text.replaceAll("/srv/", `${this.root}/`) : text;
  }

  /** The plugin's own folder is moved in every workspace. */
  private recorded(text: string): string {
    return text.replaceAll(`${this.root}/`, "/srv/");
  }
}
