import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { renderManifest } from "../../../src/render/manifest";
import { useOperator } from "./operator";

describe("lost connections against a real sshd", function () {
  this.timeout(60_000);
  const operator = useOperator();

  describe("a step whose connection is lost", () => {
    let fifo: string;

    beforeEach(() => {
      rmSync(join(operator.sshd.root, "archive"), { recursive: true, force: true });
      mkdirSync(operator.manifestDirectory, { recursive: true });
      writeFileSync(operator.target, "old\n");
      fifo = join(operator.sshd.root, "fifo");
      rmSync(fifo, { force: true });
      spawnSync("mkfifo", [fifo]);
      // The step stops at its first sync until somebody writes to the pipe.
      operator.sshd.shim(
        "sync",
        `if [ -p ${fifo} ]; then touch ${fifo}.reached; cat ${fifo} >/dev/null; fi; exec /bin/sync "$@"`,
      );
      rmSync(`${fifo}.reached`, { force: true });
    });

    afterEach(() => letGoOn());

    async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
      for (const end = Date.now() + 50_000; !(await holds()); await turn()) {
        if (Date.now() > end) throw new Error(`not within 50 s: ${what}`);
      }
    }

    function letGoOn(): void {
      const pipe = `${fifo}.old`;
      if (existsSync(fifo)) renameSync(fifo, pipe);
      try {
        // Without waiting for a reader: a step that has ended already has none.
        const descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
        writeSync(descriptor, "go\n");
        closeSync(descriptor);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENXIO") throw error;
      }
    }

    async function isLocked(): Promise<boolean> {
      const seen = await operator.open().observe("cp-0");
      return seen.kind === "observed" && seen.host.kind === "seen" && seen.host.value.lock !== undefined;
    }

    const cuts: Readonly<Record<string, () => readonly number[]>> = {
      "kill -9 of the ssh that runs it": () =>
        operator.sshd.processesWith("ControlMaster=no", operator.sshd.configFile, "sh -s"),
      "kill -9 of the control master": () => operator.sshd.processesWith("ControlPersist", operator.sshd.configFile),
      "the end of the session on the node's side": () => operator.sshd.sessionProcesses,
    };

    for (const [cut, victims] of Object.entries(cuts)) {
      it(`is interrupted by ${cut}, keeps the lock, goes on to its end, and is never half-written`, async () => {
        const nodes = operator.open();
        const outcome = nodes.apply(operator.step);
        await until("the step reaches its first sync", () => existsSync(`${fifo}.reached`));
        for (const pid of victims()) process.kill(pid, "SIGKILL");
        expect((await outcome).kind).to.equal("interrupted");

        const seen = await operator.open().observe("cp-0");
        if (seen.kind !== "observed" || seen.host.kind !== "seen") throw new Error("the node cannot be seen");
        expect(seen.host.value.lock?.step).to.equal("writeManifest kube-scheduler.yaml");
        expect(readFileSync(operator.target, "utf8")).to.equal("old\n");
        const second = await operator.open().apply(operator.step);
        expect(second.kind).to.equal("locked");
        expect(second)
          .to.have.property("message")
          .that.matches(/^cp-0 is locked by \S+ on \S+ since .*writeManifest/);

        letGoOn();
        await until(
          "the orphaned step ends",
          () => readFileSync(operator.target, "utf8") === renderManifest(operator.step.manifest),
        );
        expect(readdirSync(operator.manifestDirectory)).to.deep.equal(["kube-scheduler.yaml"]);
        operator.sshd.clearShims();
        await until("the lock is free", async () => !(await isLocked()));
        expect(await operator.open().apply(operator.step)).to.deep.equal({ kind: "done" });
      });
    }
  });
});
