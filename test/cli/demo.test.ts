import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { createDemoProject } from "../../src/cli/demo-project";
import { runQuorate } from "../../src/cli/demo-run";

const repository = path.resolve(__dirname, "../..");

async function runDemo(temporary: string) {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));
  const child = spawn("sh", ["-c", scripts.demo], {
    cwd: repository,
    env: { ...process.env, TMPDIR: temporary, HOME: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  return { code, output };
}

describe("npm run demo", function () {
  // Several programs and plugins are started one after the other; a machine that is busy takes a minute.
  this.timeout(240_000);
  let temporary = "";
  beforeEach(() => {
    temporary = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-demo-test-"));
  });
  afterEach(() => fs.rmSync(temporary, { recursive: true, force: true }));

  it("breaks, previews, restores and finds nothing left to do, and leaves no folder behind", async () => {
    const { code, output } = await runDemo(temporary);
    expect(code, output).to.equal(0);
    expect(output).to.contain('"kube-schedulerrrr" => "kube-scheduler"');
    expect(output).to.contain("ok: the scheduler of cp-0 runs again");
    expect(fs.readdirSync(temporary).filter((name) => name.startsWith("quorate-demo-"))).to.deep.equal([]);
  });

  it("fails when a command does not end as it should", async () => {
    const project = createDemoProject(temporary, repository);
    const error = await runQuorate(project, ["preview"], 0).catch((reason: unknown) => reason);
    expect(error).to.have.property("message", "quorate preview ended with 1, not with 0");
  });
});
