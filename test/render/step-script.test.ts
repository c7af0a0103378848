import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { WriteManifestStep } from "../../src/model/step";
import { renderManifest } from "../../src/render/manifest";
import { renderStepScript } from "../../src/render/step-script";
import { schedulerStep } from "../builders";
import { withOwnLock } from "./own-lock";

const boundary = "0123456789abcdef";
const operator = { user: "al'ice", host: "laptop\n$(id)" };

describe("renderStepScript", () => {
  let root: string;
  let step: WriteManifestStep;
  let script: string;
  const target = () => join(step.manifestDirectory, step.fileName);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-script-"));
    step = schedulerStep(root);
    mkdirSync(step.manifestDirectory, { recursive: true });
    // A lock file of its own: other tests of this machine use the real one at the same time.
    script = withOwnLock(renderStepScript(step, operator, boundary), join(root, "lock"));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run(text: string, shell = "sh") {
    return spawnSync(shell, ["-s"], { input: text, encoding: "utf8" });
  }

  for (const shell of ["dash", "bash"]) {
    it(`runs the step under ${shell} and ends with its result`, () => {
      const result = run(script, shell);
      expect(result.status, result.stderr).to.equal(0);
      expect(result.stdout).to.match(new RegExp(`^@${boundary} result done 0$`, "m"));
      expect(readFileSync(target(), "utf8")).to.equal(renderManifest(step.manifest));
      expect(readFileSync(join(root, "lock"), "utf8")).to.equal("");
    });
  }

  it("runs nothing when it was cut off, wherever that happened", () => {
    for (let length = 0; length < script.length - 1; length += 37) {
      run(script.slice(0, length));
      expect(readdirSync(step.manifestDirectory), `cut at ${length}`).to.deep.equal([]);
    }
    run(script.replace(/quorate_main\n$/, ""));
    expect(readdirSync(root)).to.deep.equal(["kubernetes"]);
  });

  it("tells what a failed step said", () => {
    const result = run(
      withOwnLock(renderStepScript({ ...step, owner: "nobody-here:x" }, operator, boundary), join(root, "l")),
    );
    expect(result.stdout)
      .to.contain("nobody-here")
      .and.to.match(new RegExp(`^@${boundary} result failed [1-9]`, "m"));
  });

  it("is refused with the holder while another step runs", async () => {
    const holder = spawn("flock", [
      join(root, "lock"),
      "sh",
      "-c",
      'printf "bob\\ndesk\\n2026-11-21T10:00:00Z\\nx" > "$0"; echo held; cat',
      join(root, "lock"),
    ]);
    await once(holder.stdout, "data");
    const result = run(script);
    holder.stdin.end();
    await once(holder, "exit");
    expect(result.status).to.equal(75);
    expect(result.stdout).to.contain("bob\ndesk").and.to.contain(`@${boundary} result locked 75`);
    expect(readdirSync(step.manifestDirectory)).to.deep.equal([]);
    expect(run(script).status).to.equal(0);
  });

  it("tells in the lock file who runs it, on one line each", async () => {
    const fifo = join(root, "fifo");
    spawnSync("mkfifo", [fifo]);
    const child = spawn("sh", ["-s"]);
    child.stdin.end(script.replace("# effect: stageManifest", `cat ${fifo}`));
    const held = readFileSync(join(await lockedFile(root)), "utf8").split("\n");
    expect([held[0], held[1], held[3]]).to.deep.equal(["al'ice", "laptop $(id)", "writeManifest kube-scheduler.yaml"]);
    expect(held[2]).to.match(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    writeFileSync(fifo, "");
    await once(child, "exit");
  });

  it("goes on to its end when nobody reads its output any more and the session hangs up", async () => {
    const fifo = join(root, "fifo");
    spawnSync("mkfifo", [fifo]);
    const child = spawn("sh", ["-s"]);
    child.stdin.end(script.replace("# effect: installManifest", `echo some output; cat ${fifo}`));
    await lockedFile(root);
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill("SIGHUP");
    child.kill("SIGPIPE");
    writeFileSync(fifo, "");
    await once(child, "exit");
    expect(readFileSync(target(), "utf8")).to.equal(renderManifest(step.manifest));
  });

  it("refuses a lock file that is a symbolic link", () => {
    spawnSync("ln", ["-s", "/etc/passwd", join(root, "lock")]);
    expect(run(script).stdout).to.contain("is a symbolic link").and.to.contain("result failed 73");
  });
});

// The lock file is written before the step begins, so waiting for its text is waiting for the step.
async function lockedFile(root: string): Promise<string> {
  const path = join(root, "lock");
  const { setImmediate: turn } = await import("node:timers/promises");
  for (const end = Date.now() + 10_000; Date.now() < end; await turn()) {
    try {
      if (readFileSync(path, "utf8").split("\n").length > 4) return path;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
    }
  }
  throw new Error("the step did not take the lock");
}
