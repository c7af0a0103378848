// The plugin started as Pulumi's own language host starts it: the SDK's runner, the options of PulumiPlugin.yaml, nothing else.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { expect } from "chai";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { parse } from "yaml";
import { runs, until } from "../engine/fixture/cli-process";

const folder = resolve(__dirname, "../../dist/provider");

describe("the plugin under Pulumi's own runner", function () {
  this.timeout(120_000);

  it("serves without the runner's type check, from a folder that is not the project's", async () => {
    const { runtime } = parse(readFileSync(join(folder, "PulumiPlugin.yaml"), "utf8"));
    const { PULUMI_NODEJS_TYPESCRIPT: _, ...env } = process.env;
    const child = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/run-plugin"), folder, "127.0.0.1:1"], {
      cwd: "/",
      env: runtime.options.typescript ? { ...env, PULUMI_NODEJS_TYPESCRIPT: "true" } : env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    try {
      let complaints = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
      const port = await new Promise<string>((resolveLine, reject) => {
        createInterface(child.stdout).once("line", resolveLine);
        child.once("close", (code) => reject(new Error(`the plugin ended with ${code}: ${complaints}`)));
      });
      const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
      const version = await new Promise<string>((resolveVersion, reject) => {
        client.getPluginInfo(new Empty(), (error, info) =>
          error === null ? resolveVersion(info.getVersion()) : reject(error),
        );
      });
      client.close();
      expect(version).to.equal(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("the plugin as a program of its own", function () {
  this.timeout(60_000);

  it("ends when the engine that started it is killed", async () => {
    const program = join(folder, "pulumi-resource-quorate");
    // Stands for the engine: starts the plugin, hands its first line on, and stays.
    const script = `const child = require("node:child_process").spawn(${JSON.stringify(program)}, ["127.0.0.1:1"], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
      child.stdout.once("data", () => console.log(child.pid)); setInterval(() => undefined, 1000);`;
    const engine = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((found) =>
      createInterface(engine.stdout).once("line", (line) => found(Number(line))),
    );
    try {
      expect(runs(pid)).to.equal(true);
      engine.kill("SIGKILL");
      const end = Date.now() + 10_000;
      await until(() => !runs(pid) || Date.now() > end);
      expect(runs(pid)).to.equal(false);
    } finally {
      if (runs(pid)) process.kill(pid, "SIGKILL");
    }
  });
});
