// `quorate up --report` on the demo stack: the page is there whether the run succeeds or not, and nothing else is left behind.

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { createDemoProject, type DemoProject, demoNodes } from "../../src/cli/demo-project";
import { UpReport } from "../../src/cli/engine/up-report";
import { recordFolderVariable } from "../../src/provider/keep-record";
import {
  advance,
  createWorld,
  createWorldFile,
  type Fault,
  injectFault,
  kubeadmTopology,
  readPodFolder,
} from "../../src/simulator";
import { threeTroubles } from "../provider/recorded-run";

const repository = path.resolve(__dirname, "../..");

async function quorate(project: DemoProject, words: readonly string[]) {
  const child = spawn(process.execPath, [path.join(repository, "bin/quorate.js"), ...words], {
    cwd: project.folder,
    env: { ...process.env, ...project.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe("quorate up --report", function () {
  this.timeout(240_000);
  let folder = "";
  let project: DemoProject;

  async function prepare(faults: readonly Fault[]): Promise<void> {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-up-report-"));
    fs.mkdirSync(path.join(folder, "tmp"));
    project = createDemoProject(folder, repository);
    const nodes = demoNodes.map((values) => ({
      ...values,
      pods: readPodFolder(path.join(repository, "stacks/demo/manifests"), { ...values }),
    }));
    const world = faults.reduce(injectFault, createWorld(kubeadmTopology(nodes), "demo"));
    createWorldFile(project.world, advance(world, 60));
    expect((await quorate(project, ["stack", "init", "demo"])).code).to.equal(0);
  }
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("tells a run that mends all, then one that finds nothing to do, in a page for its owner alone", async () => {
    await prepare(threeTroubles.slice(0, 2));
    const words = ["up", "--yes", "--skip-preview", "--report", "page.html"];
    const { code, output } = await quorate(project, words);
    expect(code, output).to.equal(0);
    expect(output).to.contain("wrote page.html");
    const file = path.join(folder, "page.html");
    const page = fs.readFileSync(file, "utf8");
    for (const part of [
      "A real run",
      "All is as declared",
      "# effect: installManifest",
      "Write the manifest of kube-scheduler",
      "<svg",
    ])
      expect(page).to.contain(part);
    expect(fs.statSync(file).mode & 0o777).to.equal(0o600);
    fs.chmodSync(file, 0o644);
    expect((await quorate(project, words)).code).to.equal(0);
    const again = fs.readFileSync(file, "utf8");
    expect(again).to.contain("All is as declared").and.not.to.contain("# effect:");
    expect(again).to.contain("7 of 7 up");
    expect(fs.statSync(file).mode & 0o777).to.equal(0o600);
  });

  it("tells a run that fails, with what is refused and the next safe step", async () => {
    await prepare(threeTroubles);
    const { code, output } = await quorate(project, [
      "up",
      "--yes",
      "--skip-preview",
      "--json",
      "--report",
      "page.html",
    ]);
    expect(code).to.equal(1);
    expect(() => JSON.parse(output.slice(output.indexOf("{")))).not.to.throw();
    const page = fs.readFileSync(path.join(folder, "page.html"), "utf8");
    for (const part of ["Not all is as declared", "node-unreachable", "make the node reachable", "No route to host"])
      expect(page).to.contain(part);
  });

  it("leaves nothing behind but the page", () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-up-report-"));
    const report = new UpReport(path.join(folder, "page.html"), "demo");
    const records = report.environment[recordFolderVariable] ?? "";
    expect(fs.statSync(records).mode & 0o777).to.equal(0o700);
    report.write({ succeeded: true, isCancelled: false });
    report.close();
    expect([fs.existsSync(records), fs.readdirSync(folder)]).to.deep.equal([false, ["page.html"]]);
  });

  it("is refused before anything is changed when the page cannot be written or nothing would be done", async () => {
    await prepare(threeTroubles);
    const before = fs.readFileSync(project.world, "utf8");
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ["--report", "no/such/folder/page.html"],
        /the report cannot be written: .*ENOENT[\s\S]*name another file by --report/,
      ],
      [["--report", "tmp"], /is a directory/],
      [["--preview-only", "--report", "page.html"], /a preview does nothing/],
    ];
    for (const [words, says] of mistakes) {
      const { code, output } = await quorate(project, ["up", "--yes", "--skip-preview", ...words]);
      expect(code, output).to.equal(1);
      expect(output).to.match(says);
    }
    expect(fs.readFileSync(project.world, "utf8")).to.equal(before);
  });
});
