// Our client against the answers that the real CLI accepted: it has to ask for the same things in the same way and read
// out of the answers what the CLI printed. Bodies that the recorder cut are completed by the simulated director, which
// director.test.ts holds to the part that was kept.
import { expect } from "chai";
import { connectDirector } from "../../../src/adapters/bosh-director/director-client";
import type { HttpRequest, HttpTransport } from "../../../src/adapters/bosh-director/https-transport";
import { instanceName } from "../../../src/model/bosh";
import type { DirectorAccess } from "../../../src/ports/director-access";
import { answerRequest } from "../../../src/simulator/director/routes";
import { pksDeploymentName as deployment, pksBrokenMaster } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { VirtualClock } from "../../../src/simulator/virtual-clock";
import {
  arrangeWorld,
  isCut,
  printedTable,
  type RecordedExchange,
  type Recording,
  readRecordings,
  recordedDirector,
} from "./recorded";

interface Replay {
  readonly access: DirectorAccess;
  readonly sent: HttpRequest[];
}

/** Method with path; the order of query parameters means nothing. */
function keyOf(method: string, url: string): string {
  const parsed = new URL(url, "https://director");
  parsed.searchParams.sort();
  return `${method} ${parsed.pathname}?${parsed.searchParams.toString()}`;
}

/** Completes what the recorder cut, by asking the simulated director the same things at the same times. */
function completeBodies(
  director: SimulatedDirector,
  recording: Recording,
): readonly (RecordedExchange & { readonly full: string })[] {
  const offsets = new Map<string, number>();
  return recording.exchanges.map((exchange) => {
    director.clock.advance(Math.max(0, exchange.t - director.clock.nowMs()));
    if (exchange.url === "/info") return { ...exchange, full: exchange.res };
    const url = new URL(exchange.url, "https://director");
    const offset = offsets.get(url.pathname) ?? 0;
    const answer = answerRequest(director, {
      method: exchange.m,
      segments: url.pathname.split("/").slice(1).map(decodeURIComponent),
      query: url.searchParams,
      contentType: exchange.h["content-type"] ?? "",
      range: exchange.h.range === undefined ? undefined : `bytes=${offset}-`,
      body: exchange.body,
      requester: { user: "admin", contextId: "" },
    });
    if (answer.status === 206) offsets.set(url.pathname, offset + Buffer.byteLength(answer.body));
    return { ...exchange, full: isCut(exchange) ? answer.body.toString() : exchange.res };
  });
}

/** A client whose every request is answered from the recording, each answer once and in order. */
function replay(director: SimulatedDirector, recording: Recording): Replay {
  const left = [...completeBodies(director, recording)];
  const sent: HttpRequest[] = [];
  const transport: HttpTransport = async (request) => {
    sent.push(request);
    const key = keyOf(request.method, request.path);
    const position = left.findIndex((exchange) => keyOf(exchange.m, exchange.url) === key);
    const found = left[position];
    if (found === undefined) throw new Error(`${recording.name}: the CLI never asked ${key}`);
    // The CLI asks a task twice at its start; the client may ask less often, never something else.
    left.splice(0, position + 1);
    const headers = Object.fromEntries(Object.entries(found.resH).map(([name, value]) => [name.toLowerCase(), value]));
    return { kind: "answer", response: { status: found.status, headers, body: Buffer.from(found.full, "utf8") } };
  };
  const access = connectDirector(
    {
      host: "director",
      port: 25555,
      caCertificate: undefined,
      credentials: { kind: "client", client: "admin", secret: "x" },
    },
    { clock: new VirtualClock(0), transport, newContextId: () => "replayed" },
  );
  return { access, sent };
}

describe("our client, answered as the real bosh CLI was", () => {
  const recordings = new Map(readRecordings().map((recording) => [recording.name, recording]));
  const replays = new Map<string, Replay>();

  before(() => {
    const all = [...recordings.values()];
    const { director, timings } = recordedDirector(all[0]?.exchanges[0]?.t ?? 0);
    for (const recording of all) {
      arrangeWorld(director, timings, recording.name);
      replays.set(recording.name, replay(director, recording));
    }
  });

  function use(name: string): Replay & { readonly recording: Recording } {
    const found = replays.get(name);
    const recording = recordings.get(name);
    if (found === undefined || recording === undefined) throw new Error(`no recording ${name}`);
    return { ...found, recording };
  }

  /** The write that the CLI sent and the one that we sent: method, path, Content-Type and body have to be the same. */
  function expectSameWrite(name: string): void {
    const { sent, recording } = use(name);
    const own = sent.filter(({ method }) => method !== "GET");
    const recorded = recording.exchanges.filter(({ m }) => m !== "GET");
    expect(
      own.map(({ method, path, headers, body }) => [keyOf(method, path), headers["content-type"] ?? "", body ?? ""]),
    ).to.deep.equal(recorded.map(({ m, url, h, body }) => [keyOf(m, url), h["content-type"] ?? "", body]));
  }

  it("env: knows director and user", async () => {
    const info = await use("01-env").access.observeDirector();
    expect(info).to.deep.include({ name: "boshfake", user: "admin", authentication: { kind: "basic" } });
  });

  it("deployments: reads releases and stemcells", async () => {
    const [only] = await use("02-deployments").access.observeDeployments();
    expect(only?.stemcells).to.deep.equal([{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "621.71" }]);
  });

  for (const name of [
    "03-instances",
    "04-instances-ps",
    "05-instances-details",
    "08-instances-failing",
    "15-instances-after",
    "23-instances-json",
  ]) {
    it(`${name}: reads the rows that were printed`, async () => {
      const { access, recording } = use(name);
      const listing = await access.observeInstances(deployment);
      const rows = (listing.kind === "listed" ? listing.instances : []).map(({ instance, jobState, zone, ips }) => [
        instanceName(instance),
        jobState ?? "-",
        zone ?? "-",
        ips[0] ?? "-",
      ]);
      const printed =
        name === "23-instances-json"
          ? (
              JSON.parse(
                recording.printed.slice(recording.printed.indexOf("{\n"), recording.printed.lastIndexOf("}") + 1),
              ) as {
                readonly Tables: readonly [{ readonly Rows: readonly Readonly<Record<string, string>>[] }];
              }
            ).Tables[0].Rows.map((row) => [row.instance, row.process_state || "-", row.az, row.ips || "-"])
          : printedTable(recording.printed, "Instance")
              .filter(([instance]) => instance !== "~")
              .map((cells) =>
                name === "04-instances-ps" ? [cells[0], cells[2], cells[3], cells[4]] : cells.slice(0, 4),
              );
      expect(printed).to.not.deep.equal([]);
      expect(rows).to.deep.equal(printed);
      if (name !== "04-instances-ps") return;
      const processes = (listing.kind === "listed" ? listing.instances : []).flatMap((instance) =>
        instance.processes.map((process) => [process.name, process.state]),
      );
      expect(processes).to.deep.equal(
        printedTable(recording.printed, "Instance")
          .filter(([instance]) => instance === "~")
          .map(([, process, state]) => [process, state]),
      );
    });
  }

  for (const name of ["07-cck-none", "09-cck-failing-process", "13-cck-missing-vm", "21-cck-two"]) {
    it(`${name}: scans as the CLI did and reads the problems that were printed`, async () => {
      const { access, recording } = use(name);
      const scan = await access.scanProblems(deployment);
      const rows = (scan.kind === "scanned" ? scan.problems : []).map(({ id, type, description }) => [
        String(id),
        type,
        description,
      ]);
      expect(rows).to.deep.equal(printedTable(recording.printed, "#"));
      expectSameWrite(name);
    });
  }

  it("recreate that fails: sends the CLI's request and tells the seed's error in full", async () => {
    const change = { instance: pksBrokenMaster, action: "recreate", scope: "converge" } as const;
    const outcome = await use("10-recreate-fails").access.changeInstance(deployment, change);
    expect(outcome.kind === "failed" && outcome.message.endsWith("Stopping services '[fluentd]' errored")).to.equal(
      true,
    );
    expectSameWrite("10-recreate-fails");
  });

  it("delete-vm: sends the CLI's request", async () => {
    const outcome = await use("11-delete-vm").access.deleteVm("master_vm-934905729600");
    expect([outcome.kind, outcome.task.result]).to.deep.equal(["done", "vm master_vm-934905729600 deleted"]);
    expectSameWrite("11-delete-vm");
  });

  it("recreate: follows the output over two looks", async () => {
    const change = { instance: pksBrokenMaster, action: "recreate", scope: "converge" } as const;
    const outcome = await use("14-recreate").access.changeInstance(deployment, change);
    expect(outcome.kind).to.equal("done");
    expect(
      outcome.events.some((event) => event.kind === "progress" && event.status === "executing post-start"),
    ).to.equal(true);
    expectSameWrite("14-recreate");
  });

  for (const [name, isOn] of [
    ["16-resurrection-off", false],
    ["17-resurrection-on", true],
  ] as const) {
    it(`${name}: sends the CLI's request`, async () => {
      await use(name).access.setResurrection(isOn);
      expectSameWrite(name);
    });
  }

  it("tasks: asks as the CLI does", async () => {
    expect(await use("18-tasks").access.observeTasks({ states: ["processing", "cancelling", "queued"] })).to.deep.equal(
      [],
    );
  });

  it("tasks --recent --all: reads the rows that were printed, newest first", async () => {
    const { access, recording } = use("19-tasks-recent");
    const tasks = await access.observeTasks({ limit: 30 });
    expect(tasks.map(({ id, state }) => [String(id), state])).to.deep.equal(
      printedTable(recording.printed, "ID").map((cells) => cells.slice(0, 2)),
    );
  });

  it("locks: reads an empty list", async () => {
    expect(await use("20-locks").access.observeLocks()).to.deep.equal([]);
  });

  it("cck with two resolutions: answers each problem as the CLI did", async () => {
    const { access } = use("22-cck-resolve");
    const scan = await access.scanProblems(deployment);
    const ids = scan.kind === "scanned" ? scan.problems.map(({ id }) => id) : [];
    const [first = 0, second = 0] = ids;
    const outcome = await access.applyResolutions(deployment, [
      { problemId: first, resolution: "reboot_vm" },
      { problemId: second, resolution: "recreate_vm" },
    ]);
    expect([ids, outcome.kind, outcome.task.result]).to.deep.equal([[4, 5], "done", "2 resolved"]);
    expectSameWrite("22-cck-resolve");
  });

  it("manifest: reads it", async () => {
    expect(await use("24-manifest").access.observeManifest(deployment)).to.match(/^name: service-instance_56c19cfc/);
  });
});
