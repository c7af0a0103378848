import { expect } from "chai";
import { renderStepDiff, summarizeDiff } from "../../../src/cli/engine/display/diff";
import { renderLine } from "../../../src/cli/engine/display/lines";
import { Report } from "../../../src/cli/engine/display/report";
import { Tree } from "../../../src/cli/engine/display/tree";
import { message, type Step } from "../../../src/engine/events";
import { type PropertyMap, SecretValue, unknown } from "../../../src/engine/property-value";
import { noDiff } from "../../../src/engine/provider";
import { emptyState } from "../../../src/engine/resource-state";

const urn = "urn:pulumi:prod::demo::demo:index:Thing::plane";

/** An update from one set of inputs to another; `paths` are those that the provider names. */
function update(old: PropertyMap, now: PropertyMap, paths?: readonly string[]): Step {
  const state = (inputs: PropertyMap) => ({ ...emptyState, urn, type: "demo:index:Thing", inputs, outputs: inputs });
  const detailedDiff =
    paths === undefined
      ? undefined
      : new Map(paths.map((path) => [path, { kind: "update", inputDiff: false } as const]));
  return { op: "update", urn, old: state(old), new: state(now), diff: { ...noDiff, changes: "some", detailedDiff } };
}

describe("renderStepDiff", () => {
  const nested = (scheduler: string): PropertyMap => ({
    spec: {
      nodes: { "cp-0": { "kube-scheduler": { command: [scheduler, "--leader-elect=true"] } }, "cp-1": { x: 1 } },
    },
  });

  it("shows the field that differs at its place and leaves the rest out, as the Pulumi CLI does", () => {
    const path = 'spec.nodes["cp-0"]["kube-scheduler"].command[0]';
    const want = [
      "      ~ spec: {",
      "          ~ nodes: {",
      "              ~ cp-0: {",
      "                  ~ kube-scheduler: {",
      "                      ~ command: [",
      '                          ~ [0]: "kube-schedulerrrr" => "kube-scheduler"',
      "                        ]",
      "                    }",
      "                }",
      "            }",
      "        }",
    ];
    const [old, now] = [nested("kube-schedulerrrr"), nested("kube-scheduler")];
    expect(renderStepDiff(update(old, now, [path]), 6)).to.deep.equal(want);
    expect(renderStepDiff(update(old, now), 6)).to.deep.equal(want);
  });

  it("never shows a secret, old or new, alone or inside", () => {
    const old = {
      password: new SecretValue("hunter2"),
      spec: { key: new SecretValue("hunter2") },
      gone: new SecretValue("x"),
    };
    const now = {
      password: new SecretValue("other"),
      spec: { key: "plain" },
      fresh: { a: new SecretValue("hunter2") },
    };
    const text = renderStepDiff(update(old, now), 0).join("\n");
    expect(text).to.include("~ password: [secret] => [secret]").and.include('~ key: [secret] => "plain"');
    expect(text).to.not.match(/hunter2|other/);
  });

  it("shows what is added, taken away, not known yet, and texts of several lines", () => {
    const old = { gone: [1], text: "a\nb\n", later: "now" };
    const now = { text: "a\nc\n", added: { b: true }, later: unknown };
    expect(renderStepDiff(update(old, now), 0)).to.deep.equal([
      "+ added: {",
      "    + b: true",
      "  }",
      "- gone: [",
      "    - [0]: 1",
      "  ]",
      '~ later: "now" => [unknown]',
      "~ text:",
      "    - a",
      "    - b",
      "    + a",
      "    + c",
    ]);
  });

  it("of a refresh shows what has happened to the outputs", () => {
    const { old, new: now } = update({ x: "recorded" }, { x: "live" });
    expect(renderStepDiff({ op: "refresh", urn, old, new: now, diff: noDiff }, 0)).to.deep.equal([
      '~ x: "recorded" => "live"',
    ]);
  });
});

describe("summarizeDiff", () => {
  it("names the properties with their signs", () => {
    expect(summarizeDiff(update({ a: 1, b: 1 }, { a: 2, c: 1 }))).to.equal("[diff: ~a,-b,+c]");
    expect(summarizeDiff(update({ a: 1 }, { a: 1 }))).to.equal("");
  });
});

describe("renderLine", () => {
  it("has a line for the begin and the end of a change, and one for what is logged on it", () => {
    const step = update({ a: 1 }, { a: 2 });
    expect(renderLine({ kind: "step-started", step }, false)).to.equal(" ~  demo:index:Thing plane updating");
    const done = { kind: "step-done", step, durationMs: 20 } as const;
    expect(renderLine(done, false)).to.equal(" ~  demo:index:Thing plane updated (0.02s) [diff: ~a]");
    expect(renderLine(done, true)).to.equal(" ~  demo:index:Thing plane update [diff: ~a]");
    expect(renderLine({ ...done, kind: "step-failed" }, false)).to.include("**updating failed**");
    const warning = message("warning", urn, "member removed\nsecond line");
    expect(renderLine(warning, false)).to.equal("    demo:index:Thing plane: warning: member removed");
  });

  it("has none for providers that the program does not declare", () => {
    const hidden = { ...update({}, {}), urn: "urn:pulumi:prod::demo::pulumi:providers:demo::default_4_5_0" };
    expect(renderLine({ kind: "step-done", step: hidden, durationMs: 1 }, false)).to.equal(undefined);
  });
});

describe("Report", () => {
  it("joins the parts of a stream, keeps what is not ephemeral, and sets each text under its resource", () => {
    const report = new Report();
    report.take({ ...message("info", urn, "one "), streamId: 7 } as ReturnType<typeof message>);
    report.take({ ...message("info", urn, "line\n"), streamId: 7 } as ReturnType<typeof message>);
    report.take({ ...message("info", urn, "step 1 of 3"), ephemeral: true } as ReturnType<typeof message>);
    report.take(message("error", urn, "blocked: would lose quorum\n  next: restore from snapshot"));
    report.take(message("error", "", "update failed"));
    expect(report.renderDiagnostics("urn:pulumi:prod::demo::pulumi:pulumi:Stack::demo-prod")).to.deep.equal([
      "Diagnostics:",
      "  demo:index:Thing (plane):",
      "    one line",
      "    error: blocked: would lose quorum",
      "      next: restore from snapshot",
      "",
      "  pulumi:pulumi:Stack (demo-prod):",
      "    error: update failed",
      "",
    ]);
  });
});

describe("Tree", () => {
  it("redraws over itself, shows children under parents, and is never wider than the screen", () => {
    let screen = "";
    const terminal = { columns: 90, rows: 3, write: (text: string) => (screen += text) };
    const tree = new Tree(terminal, false, false);
    const child = (name: string, parent: string): Step => {
      const state = { ...emptyState, urn: `${urn}${name}`, type: "demo:index:Thing", parent };
      return { op: "create", urn: state.urn, old: undefined, new: state, diff: noDiff };
    };
    tree.take({ kind: "step-started", step: child("", "") });
    tree.take({ kind: "step-started", step: child("-1", urn) });
    tree.take(message("warning", `${urn}-1`, `a note ${"x".repeat(100)}`));
    tree.take({ kind: "step-done", step: child("-1", urn), durationMs: 1500 });
    tree.finish();
    const lines = screen
      .slice(screen.lastIndexOf("\u001b[J") + 3)
      .trimEnd()
      .split("\n");
    expect(lines).to.have.length(2);
    expect(lines[1]).to.match(/^ \+ {5}demo:index:Thing {2}plane-1 {2}created {2}\(1\.50s\) {2}warning: a no/);
    expect(Math.max(...lines.map((line) => line.length))).to.be.lessThan(90);
  });
});
