import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect } from "chai";

const root = resolve(__dirname, "../..");

/** What a script prints, as JSON, that runs with the hook preloaded, as a program does. */
function run(script: string): unknown {
  const hook = resolve(root, "src/engine/deferred-modules.js");
  const end = spawnSync(process.execPath, ["--require", hook, "--eval", script], { cwd: root, encoding: "utf8" });
  expect(end.status, end.stderr).to.equal(0);
  return JSON.parse(end.stdout);
}

const start = `
  const pulumi = require("@pulumi/pulumi");
  const tracing = require("@pulumi/pulumi/cmd/run/tracing");
  const { z } = require("zod");
  const loaded = () => ["typescript", "@npmcli/arborist", "@opentelemetry/sdk-trace-node", "zod/v4/locales/de.cjs", "execa"]
    .filter((name) => Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + (name.endsWith(".cjs") ? "" : "/"))));`;

describe("modules that a program loads on use", () => {
  it("are not loaded by a program that uses the SDK and zod", () => {
    expect(run(`${start} console.log(JSON.stringify(loaded()))`)).to.deep.equal([]);
  });

  it("are there for a program that uses them", () => {
    const script = `${start}
      tracing.start("http://127.0.0.1:9/api/v2/spans");
      const traced = tracing.newSpan("one").isRecording();
      const words = z.locales.de().localeError({ code: "invalid_type", expected: "string", input: 1 });
      const isWorkspace = typeof pulumi.automation.LocalWorkspace.create === "function" && "Stack" in pulumi.automation;
      pulumi.runtime.serializeFunction(() => 1).then(({ text }) => {
        console.log(JSON.stringify({ traced, words, isWorkspace, isSerialized: text.includes("exports.handler") }));
        process.exit();
      });`;
    const used = run(script);
    expect(used).to.deep.include({ traced: true, isWorkspace: true, isSerialized: true });
    expect(used)
      .to.have.property("words")
      .that.matches(/^Ungültige Eingabe/);
  });
});
