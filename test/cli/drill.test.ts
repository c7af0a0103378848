// `quorate drill` as a person and as a script have it.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { connectDirector } from "../../src/adapters/bosh-director/director-client";
import { httpsTransport } from "../../src/adapters/bosh-director/https-transport";
import { systemClock } from "../../src/adapters/system-clock";
import { quorateDrill } from "./run-drill";

describe("quorate drill", function () {
  this.timeout(60_000);

  it("lists the drills with a sentence each", async () => {
    const { code, out } = await quorateDrill(["list"]);
    expect(code).to.equal(0);
    for (const name of ["seed-004-outage-1", "director-in-the-lost-zone"])
      expect(out).to.match(new RegExp(`^${name} +\\S+ `, "m"));
    const listed = JSON.parse((await quorateDrill(["list", "--json"])).out) as { drills: { name: string }[] };
    expect(listed.drills.map(({ name }) => name)).to.include("seed-004-outage-2");
  });

  it("plays every outage of a seed and prints each line of its log beside the model's", async () => {
    const { code, out } = await quorateDrill(["seed-004"]);
    expect(code).to.equal(0);
    for (const line of [/^ +10:43 +10:43:00 +given +yes +push normal/m, /^ +16:35 +16:3\d:\d\d +model +yes +done/m])
      expect(out).to.match(line);
    expect(out)
      .to.match(/RTO of vms +5\d/)
      .and.match(/\$ bosh cck -d cf-54c9c2f906b6aba996cd --resolution=reboot_vm -n/);
  });

  it("ends with 2 when a promise is not kept", async () => {
    const { code, out } = await quorateDrill(["seed-004-outage-2", "--set", "vmReboot=300"]);
    expect([code, /RTO of vms .* MISSED/.test(out)]).to.deep.equal([2, true]);
  });

  it("prints JSON alone when asked, and writes the report beside it", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-drill-"));
    const file = path.join(folder, "drill.html");
    const { out } = await quorateDrill(["seed-004-outage-2", "--json", "--report", file]);
    const { drills } = JSON.parse(out) as { drills: { name: string; events: unknown[] }[] };
    expect(drills.map(({ name, events }) => [name, events.length > 10])).to.deep.equal([["seed-004-outage-2", true]]);
    expect(fs.readFileSync(file, "utf8")).to.match(/^<!doctype html>/);
    fs.rmSync(folder, { recursive: true });
  });

  it("puts two designs side by side", async () => {
    const { out } = await quorateDrill(["seed-004-outage-1", "--compare", "zones"]);
    expect(out)
      .to.match(/^ +figure +2 zones +3 zones/m)
      .and.match(/all well again +not within the drill +after 53m/);
  });

  const mistakes: readonly { readonly words: readonly string[]; readonly says: RegExp }[] = [
    { words: ["nothing"], says: /there is no drill "nothing"[\s\S]*seed-004-outage-1: / },
    { words: ["seed-004", "--set", "vmReboot=-1"], says: /vmReboot: must be a number above 0/ },
    { words: ["seed-004", "--set", "speed=1"], says: /speed: there is no such parameter/ },
    { words: ["seed-004", "--set", "vmReboot"], says: /PARAMETER=NUMBER/ },
    { words: ["seed-004", "--compare", "colours"], says: /cannot be compared by "colours"[\s\S]*resurrector, zones/ },
    {
      words: ["seed-004", "--interactive"],
      says: /--interactive plays one drill: seed-004-outage-1, seed-004-outage-2/,
    },
    { words: ["./none.yaml"], says: /none\.yaml cannot be read/ },
    {
      words: ["director-in-the-lost-zone", "--serve-director", "0"],
      says: /no scenario 'director-in-the-lost-zone' with a director/,
    },
  ];
  for (const { words, says } of mistakes) {
    it(`says what is wrong and what to do: ${words.join(" ")}`, async () => {
      const { code, out, err } = await quorateDrill(words);
      expect([code, out]).to.deep.equal([1, ""]);
      expect(err).to.match(says);
    });
  }

  it("names every mistake of a file of one's own, with its path", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-drill-"));
    const file = path.join(folder, "own.yaml");
    const text = fs.readFileSync("scenarios/seed-004-outage-2.yaml", "utf8");
    fs.writeFileSync(
      file,
      text.replace("directorZone: az3", "directorZone: 3").replace("kind: zone-power-back", "kind: zone-gone"),
    );
    const { code, err } = await quorateDrill([file]);
    expect(code).to.equal(1);
    expect(err)
      .to.match(/topology\.directorZone: /)
      .and.match(/faults\.2\.fault\.kind: /);
    fs.writeFileSync(file, text.replace("directorZone: az3", "directorZone: az9"));
    expect((await quorateDrill([file])).err).to.match(/topology\.directorZone: there is no zone az9/);
    fs.rmSync(folder, { recursive: true });
  });
});

describe("quorate drill --interactive", function () {
  this.timeout(60_000);

  it("stops at each event, shows what each step does to the quorum, and does what is chosen (pipe)", async () => {
    // Nothing is done by itself: the person leads the traffic around, waits for power, and checks.
    const onward = Array.from({ length: 10 }, () => "");
    const answers = ["status", "plan", "nonsense", "entry", ...onward, "reboot"];
    const { code, out } = await quorateDrill(["seed-004-outage-1", "--interactive"], answers.join("\n"));
    expect(out).to.match(/MySQL: 2 of 3 votes, 2 needed; the next loss stops it/);
    expect(out).to.match(/ {4}1\. lead the traffic around the lost HAProxy/);
    expect(out).to.match(/there is no step "nonsense" now; one of: Enter, entry, reboot/);
    expect(out).to.match(/quorum: none: 16 VMs are in a zone without power/);
    expect(out)
      .to.match(/entry: down, the HAProxy/)
      .and.match(/DO +lead the traffic around the HAProxy/);
    expect(out).to.match(/MySQL goes from 2 to 3 of 3 votes; no VM that answers is touched/);
    expect(out)
      .to.match(/nothing happened for 10m/)
      .and.match(/END +everything is well again/);
    expect(code).to.equal(0);
  });

  it("shows before it is done that emptying a healthy master leaves a quorum that must not be touched (etcd)", async () => {
    const answers = ["plan", "wipe-cp-2", "status", "quit"];
    const { code, out } = await quorateDrill(["lost-one-master", "--interactive"], answers.join("\n"));
    expect(out)
      .to.match(/stop-cp-0: stop etcd on cp-0\n +quorum: .* -> etcd: 0 of 3 votes, 2 needed; quorum lost/)
      .and.match(/ {4}1\. etcdSaveSnapshot on cp-2/)
      .and.match(/1 of 3 votes, 2 needed; it stands on members that will not come back/)
      .and.match(/cp-2: partial, it serves from files that are deleted/);
    expect(code).to.equal(2);
  });

  it("plays the rest without anybody when the input ends, and says that not all is well", async () => {
    const { code, out } = await quorateDrill(["seed-004-outage-1", "--interactive"], "");
    expect([code, /END +given up after 4 hours: /.test(out)]).to.deep.equal([2, true]);
  });

  it("works on a terminal", async function () {
    if (!fs.existsSync("/usr/bin/script")) {
      console.log("    skipped: no `script` to make a pseudo-terminal with");
      return this.skip();
    }
    const program = path.resolve("bin/quorate.js");
    const typed = `${process.execPath} ${program} drill seed-004-outage-2 --interactive`;
    const child = spawn("script", ["-qec", typed, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let shown = "";
    let answered = 0;
    const answers = ["plan", "quit"];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      // One answer for each prompt, as a person gives them.
      const prompts = shown.split("> ").length - 1;
      for (; answered < Math.min(prompts, answers.length); answered += 1) child.stdin.write(`${answers[answered]}\n`);
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(shown)
      .to.match(/1\. The resurrector stands down/)
      .and.match(/FAULT +zone az2 loses power: 16 VMs/);
    expect([code, answered]).to.deep.equal([2, 2]);
  });
});

describe("quorate drill --serve-director", function () {
  this.timeout(60_000);

  const served = [
    { name: "seed-000", zone: "pks-az1", count: 3 },
    { name: "seed-004", zone: "az2", count: 16 },
  ];
  for (const { name, zone, count } of served) {
    it(`serves the director of ${name} until it is told to stop, and says how to reach it`, async () => {
      const child = spawn(process.execPath, ["bin/quorate.js", "drill", name, "--serve-director", "0"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      await new Promise<void>((resolve) => {
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          out += text;
          if (out.includes("serving until ^C")) resolve();
        });
      });
      const variable = (name: string) => new RegExp(`^export ${name}=(.*)$`, "m").exec(out)?.[1] ?? "";
      const caCertificate = fs.readFileSync(variable("BOSH_CA_CERT"), "utf8");
      const director = connectDirector(
        {
          host: "127.0.0.1",
          port: Number(new URL(variable("BOSH_ENVIRONMENT")).port),
          caCertificate,
          credentials: { kind: "client", client: variable("BOSH_CLIENT"), secret: variable("BOSH_CLIENT_SECRET") },
        },
        { clock: systemClock(), transport: httpsTransport({ caCertificate, idleTimeoutMs: 10_000 }) },
      );
      const placements = await director.observePlacements(variable("BOSH_DEPLOYMENT"));
      expect(placements.filter((placement) => placement.zone === zone)).to.have.length(count);
      child.kill("SIGINT");
      expect(await new Promise((resolve) => child.on("close", resolve))).to.equal(0);
      expect(fs.existsSync(variable("BOSH_CA_CERT"))).to.equal(false);
    });
  }
});
