// Runs of the engine on small programs with a plugin whose answers the program chooses.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { DemoProject } from "./fixture/demo-project";

describe("runDeployment", function () {
  this.timeout(120_000);
  let demo: DemoProject;
  const start = (program: string) => {
    demo = new DemoProject(program);
    return demo;
  };
  afterEach(() => demo.remove());

  it("creates, changes nothing the second time, updates what differs, deletes what is no longer declared", async () => {
    start(`new Thing("a", { spec: 1 }); new Thing("b", { spec: 1 });`);
    const first = await demo.run("up");
    expect(first.result).to.include({ succeeded: true, hasChanges: true });
    expect(demo.resources()).to.have.keys("demo-prod", "default", "a", "b");
    const second = await demo.run("up");
    expect(second.result.hasChanges).to.equal(false);
    demo.program(`new Thing("a", { spec: 2 });`);
    demo.takeCalls();
    const third = await demo.run("up");
    expect(third.result.counts).to.include({ update: 1, delete: 1 });
    expect(demo.takeCalls()).to.include.members(["update a", "delete b"]);
    expect(demo.resources().a?.inputs).to.deep.equal({ spec: 2 });
    expect(demo.resources().b).to.equal(undefined);
  });

  it("goes on with the others and starts nothing that needs the failed one", async () => {
    start(`const a = new Thing("a", { failOn: "create" });
      new Thing("needs-a", { spec: 1 }, { dependsOn: a });
      new Thing("other", { spec: 1 });`);
    const { result, problems } = await demo.run("up");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.include("node a refused: disk full");
    expect(demo.resources()).to.have.property("other");
    expect(demo.takeCalls()).to.not.include("create needs-a");
    expect(demo.resources()).to.not.have.property("a");
  });

  it("goes on with what needs a resource that the program is not content with, and ends as failed", async () => {
    start(`const a = new Thing("a", { spec: 1 });
      a.id.apply(() => {
        throw Object.assign(new pulumi.ResourceError("the rest of a is put off", a, true), { stack: "" });
      });
      new Thing("needs-a", { spec: 1 }, { dependsOn: a });`);
    const { result, problems } = await demo.run("up");
    expect(result.succeeded).to.equal(false);
    expect(problems).to.deep.equal(["the rest of a is put off", "update failed"]);
    expect(demo.resources()).to.have.keys("demo-prod", "default", "a", "needs-a");
  });

  it("keeps what a half done change left, with its reasons, and updates it the next time", async () => {
    start(`new Thing("a", { spec: 1 });`);
    await demo.run("up");
    demo.program(`new Thing("a", { spec: 2, halfDone: true });`);
    const { result, problems } = await demo.run("up");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.include(
      "2 errors occurred:\n\t* step 2 of 3 failed\n\t* node m2 was left as it was",
    );
    const half = demo.resources().a;
    expect(half?.initErrors).to.deep.equal(["step 2 of 3 failed", "node m2 was left as it was"]);
    expect(half?.inputs).to.deep.equal({ spec: 1 });
    expect(half?.outputs).to.include({ health: "half" });
    demo.program(`new Thing("a", { spec: 1 });`);
    const healed = await demo.run("up");
    expect(healed.result.counts).to.include({ update: 1 });
    expect(demo.resources().a).to.not.have.property("initErrors");
  });

  it("stops before the program when a read fails, and leaves the state as it is", async () => {
    start(`new Thing("a", { spec: 1 });`);
    await demo.run("up");
    const before = readFileSync(demo.stateFile(), "utf8");
    writeFileSync(join(demo.live, "a.json"), JSON.stringify({ spec: 1, failOn: "read" }));
    const { result, problems } = await demo.run("preview", { refresh: true });
    expect(result.succeeded).to.equal(false);
    expect(problems).to.include("boom");
    expect(readFileSync(demo.stateFile(), "utf8")).to.equal(before);
  });

  it("names every invalid input and goes on with the other resources", async () => {
    start(`new Thing("a", { bad: true }); new Thing("b", { spec: 1 });`);
    const { result, problems } = await demo.run("preview");
    expect(result).to.include({ succeeded: false, failedCount: 1 });
    expect(problems).to.include("demo:index:Thing resource 'a' has a problem: spec.nodes: at least one node is needed");
    expect(result.counts.create).to.equal(2);
  });

  it("shows what the plugin logs in a preview on the resource, and creates nothing", async () => {
    start(`new Thing("a", { plan: "would replace member m2" });`);
    const { events, result } = await demo.run("preview");
    const logged = events.find((event) => event.kind === "message" && event.text === "would replace member m2");
    expect(logged).to.include({ severity: "warning", urn: "urn:pulumi:prod::demo::demo:index:Thing::a" });
    expect(result.hasChanges).to.equal(true);
    expect(demo.resources()).to.not.have.property("a");
  });

  it("makes the replacement first and then deletes the old one", async () => {
    start(`new Thing("a", { identity: "one" });`);
    await demo.run("up");
    demo.takeCalls();
    demo.program(`new Thing("a", { identity: "two" });`);
    const { result } = await demo.run("up");
    expect(result.succeeded).to.equal(true);
    const calls = demo.takeCalls().filter((call) => /^(create|delete)/.test(call));
    expect(calls).to.deep.equal(["create a-two", "create ended a-two", "delete a-one"]);
    expect(demo.resources().a?.id).to.equal("a-two");
  });

  it("deletes dependents before what they need, and leaves what a failed delete needs", async () => {
    start(`const a = new Thing("a", { spec: 1 });
      const b = new Thing("b", { spec: 1 }, { dependsOn: a });
      new Thing("c", { failOn: "delete" }, { dependsOn: b });
      new Thing("d", { spec: 1 });`);
    await demo.run("up");
    demo.takeCalls();
    const { result } = await demo.run("destroy");
    expect(result.succeeded).to.equal(false);
    expect(demo.takeCalls().filter((call) => call.startsWith("delete"))).to.have.members(["delete c", "delete d"]);
    expect(demo.resources()).to.have.keys("demo-prod", "default", "a", "b", "c");
  });

  it("forgets a resource with retainOnDelete without a call, and does not delete a protected one", async () => {
    start(
      `new Thing("kept", { spec: 1 }, { retainOnDelete: true }); new Thing("guarded", { spec: 1 }, { protect: true });`,
    );
    await demo.run("up");
    demo.takeCalls();
    const { result, problems } = await demo.run("destroy");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.match(/guarded" cannot be deleted\nbecause it is protected/);
    expect(demo.takeCalls().filter((call) => call.startsWith("delete"))).to.deep.equal([]);
    expect(demo.resources()).to.not.have.property("kept");
    expect(demo.resources()).to.have.property("guarded");
  });

  it("gives an explicit provider its own process and configuration", async () => {
    start(`const provider = new Demo("mine", { region: "there" });
      const group = new Group("group", { providers: [provider] });
      new Thing("a", { spec: 1 }, { parent: group }); new Thing("b", { spec: 1 });`);
    expect((await demo.run("up")).result.succeeded).to.equal(true);
    const calls = demo.takeCalls();
    expect(calls).to.include('configure mine {"region":"there"}');
    expect(calls).to.include('configure default {"region":"here"}');
    const { checkpoint } = JSON.parse(readFileSync(demo.stateFile(), "utf8")) as {
      checkpoint: { latest: { resources: { urn: string; provider?: string }[] } };
    };
    const provider = checkpoint.latest.resources.find(({ urn }) => urn.endsWith("::a"))?.provider;
    expect(provider).to.match(/pulumi:providers:demo::mine::/);
  });

  it("keeps secrets encrypted in state: inputs, outputs with a secret input, additionalSecretOutputs", async () => {
    start(`new Thing("a", { password: pulumi.secret("hunter2hunter2"), spec: "open" }, { additionalSecretOutputs: ["health"] });
      export const again = pulumi.secret("hunter2hunter2");`);
    await demo.run("up");
    expect(readFileSync(demo.stateFile(), "utf8")).to.not.include("hunter2hunter2");
    const state = demo.resources().a;
    expect(state?.outputs?.password).to.have.property("ciphertext");
    expect(state?.outputs?.health).to.have.property("ciphertext");
    expect(state?.outputs?.spec).to.equal("open");
  });

  it("keeps what a plugin is configured with encrypted in state, although the plugin gives it back in plain text", async () => {
    start(`const mine = new Demo("mine", { token: pulumi.secret("hunter2hunter2"), region: "here" });
      new Thing("a", { spec: 1 }, { provider: mine });`);
    await demo.run("up");
    expect(readFileSync(demo.stateFile(), "utf8")).to.not.include("hunter2hunter2");
    expect(demo.resources().mine?.inputs?.token).to.have.property("ciphertext");
    expect(demo.resources().mine?.inputs?.region).to.equal("here");
    expect(demo.takeCalls().join()).to.include("hunter2hunter2");
    expect((await demo.run("up")).result.hasChanges).to.equal(false);
  });

  const refusals = [
    { name: "an alias", program: `new Thing("a", {}, { aliases: [{ name: "old" }] });`, words: "aliases" },
    { name: "an import", program: `new Thing("a", {}, { import: "x" });`, words: "import" },
    { name: "an invoke", program: `pulumi.runtime.invoke("demo:index:find", {});`, words: "invoke" },
    {
      name: "a stack reference",
      program: `export const x = new pulumi.StackReference("organization/other/prod").getOutput("y");`,
      words: "StackReference",
    },
    {
      name: "another provider",
      program: `class Other extends pulumi.CustomResource { constructor() { super("aws:s3:Bucket", "b", {}); } } new Other();`,
      words: "no provider aws",
    },
  ];
  for (const { name, program, words } of refusals) {
    it(`refuses ${name} by name and points to the pulumi CLI`, async () => {
      start(program);
      const { result, problems } = await demo.run("preview");
      expect(result.succeeded).to.equal(false);
      expect(problems.join("\n")).to.include(words).and.include("use the pulumi CLI for this stack");
    });
  }

  it("refuses two resources of one name", async () => {
    start(`new Thing("a", { spec: 1 }); new Thing("a", { spec: 2 });`);
    const { result, problems } = await demo.run("preview");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.include(
      "two resources have the same name urn:pulumi:prod::demo::demo:index:Thing::a",
    );
  });

  it("shows a thrown error in brief, with the line of the program and without the SDK's frames", async () => {
    start(`throw new Error("nodes: at least one is needed");`);
    const { result, problems } = await demo.run("preview");
    expect(result.succeeded).to.equal(false);
    const text = problems.join("\n");
    expect(text).to.include("nodes: at least one is needed").and.include("stacks/index.ts");
    expect(text).to.not.include("node_modules");
  });

  it("has the SDK run a plugin folder that has no program of its own", async () => {
    start(`new Thing("a", { spec: 1 });`);
    rmSync(demo.pluginProgram());
    expect((await demo.run("preview")).result).to.include({ succeeded: true, hasChanges: true });
    writeFileSync(join(demo.root, "plugin/main.js"), 'throw new Error("no such module: etcd");');
    expect((await demo.run("preview")).problems.join("\n"))
      .to.include("plugin demo")
      .and.include("no such module: etcd");
  });

  it("refuses a plugin that is no node program, and starts nothing", async () => {
    start(`new Thing("a", { spec: 1 });`);
    writeFileSync(demo.pluginProgram(), "#!/bin/sh\ntouch started\n");
    const { result, problems } = await demo.run("preview");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.include("is no node program; use the pulumi CLI for this stack");
  });

  it("refuses a TypeScript program of ES modules where Node.js does not run it, in one sentence", async function () {
    if ("typescript" in process.features) this.skip();
    start(`new Thing("a", { spec: 1 });`);
    writeFileSync(join(demo.root, "package.json"), '{"name":"demo","private":true,"type":"module"}');
    const refusal = await demo.run("preview").then(
      () => "it ran",
      (error: Error) => error.message,
    );
    expect(refusal).to.include('"type": "module"').and.include("needs Node.js 22.18");
  });

  it("says how a plugin fails to start", async () => {
    start(`new Thing("a", { spec: 1 });`);
    writeFileSync(demo.pluginProgram(), '#!/usr/bin/env node\nthrow new Error("no such module: etcd");');
    const { result, problems } = await demo.run("preview");
    expect(result.succeeded).to.equal(false);
    expect(problems.join("\n")).to.include("plugin demo").and.include("no such module: etcd");
  });
});
