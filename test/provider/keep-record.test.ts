// The record of a real run: what it holds, that it holds no secret, and that a repair does not depend on it.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { parseRunRecord, type RunEntry } from "../../src/model/run-record";
import { RunRecorder } from "../../src/provider/keep-record";
import { boshRecording } from "../../src/provider/record-bosh";
import { hiddenCommands } from "../../src/render/runbook";
import { recordedRun, threeTroubles } from "./recorded-run";

const only = <Kind extends RunEntry["kind"]>(entries: readonly RunEntry[], kind: Kind) =>
  entries.filter((entry): entry is Extract<RunEntry, { kind: Kind }> => entry.kind === kind);

describe("the record of a run", () => {
  it("holds every look, every step with its command and outcome, and what was refused", async () => {
    const { entries, reasons } = await recordedRun(threeTroubles);
    expect(entries[0]).to.deep.include({
      kind: "began",
      type: "ControlPlane",
      name: "control-plane",
      phase: "converge",
    });
    const looks = only(entries, "seen");
    const first = looks[0]?.places.map(({ name, items }) => [
      name,
      items.filter(({ health }) => health === "down").map((one) => one.name),
    ]);
    expect(first).to.deep.equal([
      ["cp-0", ["kube-scheduler"]],
      ["cp-1", ["kubelet"]],
      ["cp-2", ["reached"]],
    ]);
    const last = looks.at(-1)?.places.map(({ name, items }) => [name, items.every(({ health }) => health === "up")]);
    expect(last).to.deep.equal([
      ["cp-0", true],
      ["cp-1", true],
      ["cp-2", false],
    ]);
    const steps = only(entries, "step-started");
    expect(steps.map(({ where }) => where)).to.have.members(["cp-0", "cp-1"]);
    expect(steps.find(({ where }) => where === "cp-0")?.command).to.contain("# effect: installManifest");
    expect(only(entries, "step-ended").map(({ outcome }) => outcome)).to.deep.equal(["done", "done"]);
    const [end] = only(entries, "ended");
    expect(end?.blockers.map(({ reason, where }) => [reason, where])).to.deep.equal([["node-unreachable", "cp-2"]]);
    expect(end?.reasons).to.deep.equal(reasons);
  });

  it("shows no command that writes a secret manifest, and masks every secret text wherever it stands", async () => {
    const secret = "kube-scheduler.yaml";
    const { entries, text } = await recordedRun(threeTroubles, {
      isSecret: (at) => at.includes("kube-scheduler"),
      mask: (said) => said.replaceAll(secret, "[secret]").replaceAll("kube-schedulerrrr", "[secret]"),
    });
    expect(only(entries, "step-started").map(({ command }) => command === hiddenCommands)).to.have.members([
      true,
      false,
    ]);
    expect(text).not.to.contain(secret).and.not.to.contain("kube-schedulerrrr");
  });

  it("is not kept when nobody asks, and a repair goes on when it cannot be written", async () => {
    expect((await recordedRun(threeTroubles, { folder: undefined })).text).to.equal("");
    const { reasons } = await recordedRun(threeTroubles, { folder: "/proc/no/such/folder" });
    expect(reasons).to.have.length(1);
  });

  it("is told as far as it went when the last line is cut short", async () => {
    const { text } = await recordedRun(threeTroubles);
    const whole = parseRunRecord(text);
    expect(parseRunRecord(text.slice(0, -20))).to.deep.equal(whole.slice(0, -1));
  });

  it("holds the steps at a director with their bosh commands", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-recorded-"));
    const resource = { type: "BoshDeployment", name: "pks", phase: "converge" } as const;
    const recorder = new RunRecorder(
      resource,
      () => 5,
      { mask: (text) => text.replaceAll("vm-1", "[secret]") },
      folder,
    );
    const take = boshRecording(recorder);
    const instance = { group: "master", id: "774bfafe-67a2-406b-9ee5-a8db68f2e694" };
    const step = { kind: "deleteVm", deployment: "pks", instance, vmCid: "vm-1", reason: "it cannot stop" } as const;
    take({
      kind: "planned",
      plan: {
        diagnoses: [{ instance, condition: { kind: "vm-missing", isForgotten: true } } as never],
        steps: [],
        blockers: [],
        putOff: [],
        notes: [],
      },
    });
    take({ kind: "step-started", step });
    take({ kind: "step-ended", step, outcome: { kind: "failed", message: "task 7 failed" } });
    const [name = ""] = fs.readdirSync(folder);
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    fs.rmSync(folder, { recursive: true });
    const entries = parseRunRecord(text);
    expect(entries.map(({ kind }) => kind)).to.deep.equal(["began", "seen", "step-started", "step-ended"]);
    expect(only(entries, "seen")[0]?.places[0]?.items[0]?.health).to.equal("down");
    expect(only(entries, "step-started")[0]?.command)
      .to.contain("bosh ")
      .and.contain("[secret]")
      .and.not.contain("vm-1");
    expect(only(entries, "step-ended")[0]).to.deep.include({ outcome: "failed", message: "task 7 failed" });
  });
});
