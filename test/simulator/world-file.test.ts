import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { typescriptHook } from "../../src/engine/child-process";
import { isRecoveryError } from "../../src/model/errors";
import { createWorldFile, injectFault, openWorldFile, simulatedClock, simulatedNodes } from "../../src/simulator";
import { kubeadmWorld } from "./worlds";

// Another process that changes the world file given: it lets seconds pass one by one, and says when it has begun.
const worker = `
  const { openWorldFile, simulatedClock } = require(${JSON.stringify(path.join(__dirname, "../../src/simulator"))});
  (async () => {
    const [file, times] = process.argv.slice(1);
    const clock = simulatedClock(openWorldFile(file));
    for (let index = 0; index < Number(times); index += 1) {
      await clock.sleep(1000);
      if (index === 0) process.stdout.write("begun");
    }
  })();
`;

function startWorker(file: string, times: number) {
  return spawn(process.execPath, ["--require", typescriptHook, "-e", worker, file, String(times)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("a world in a file", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-world-"));
    file = path.join(folder, "world.json");
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("is the same world for the next process that opens it, its virtual time included", async () => {
    const holder = createWorldFile(file, injectFault(kubeadmWorld(3), { kind: "power-lost", node: "cp-1" }));
    await simulatedClock(holder).sleep(90_000);
    const again = openWorldFile(file);
    expect(again.read()).to.deep.equal(holder.read());
    expect(simulatedClock(again).nowMs()).to.equal(kubeadmWorld(3).timeMs + 90_000);
    expect((await simulatedNodes(again).observe("cp-1")).kind).to.equal("unreachable");
  });

  it("loses no change of two processes that change it at once", async () => {
    const holder = createWorldFile(file, kubeadmWorld(1));
    const startMs = holder.read().timeMs;
    const others = [startWorker(file, 25), startWorker(file, 25)];
    const ended = others.map((other) => once(other, "exit"));
    for (let index = 0; index < 25; index += 1) await simulatedClock(holder).sleep(1000);
    for (const [code] of await Promise.all(ended)) expect(code).to.equal(0);
    expect(holder.read().timeMs - startMs).to.equal(75_000);
  });

  it("is whole, and usable at once or after the lock's patience, when a process that changes it is killed", async () => {
    const holder = createWorldFile(file, kubeadmWorld(1));
    const victim = startWorker(file, 100_000);
    await once(victim.stdout, "data");
    victim.kill("SIGKILL");
    await once(victim, "exit");
    const before = holder.read().timeMs;
    await simulatedClock(holder).sleep(1000);
    expect(holder.read().timeMs).to.equal(before + 1000);
  });

  it("is not changed by a change that throws, and can be changed after it", async () => {
    const holder = createWorldFile(file, kubeadmWorld(1));
    const before = holder.read();
    const failure = await holder
      .change(() => {
        throw new Error("no");
      })
      .catch((error: unknown) => error);
    expect(failure).to.have.property("message", "no");
    expect(holder.read()).to.deep.equal(before);
    await simulatedClock(holder).sleep(1000);
  });

  const bad: readonly (readonly [string, string, string])[] = [
    ["there is none", "", "cannot be read"],
    ["it is not JSON", "{", "no simulated world"],
    ["it is a world of another version", JSON.stringify({ ...kubeadmWorld(1), version: 99 }), "no simulated world"],
    ["a node of it is torn", JSON.stringify({ ...kubeadmWorld(1), nodes: { "cp-0": {} } }), "no simulated world"],
  ];
  for (const [title, text, words] of bad) {
    it(`is refused in one sentence that names the file when ${title}`, () => {
      if (text !== "") fs.writeFileSync(file, text);
      expect(() => openWorldFile(file))
        .to.throw(words)
        .that.satisfies(isRecoveryError)
        .with.property("message")
        .that.contains(file);
    });
  }
});
