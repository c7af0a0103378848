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
