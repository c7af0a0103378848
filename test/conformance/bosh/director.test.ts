// The real CLI's requests, as recorded, sent to the simulated director over HTTPS: it has to answer as the CLI accepted.
import { request } from "node:https";
import { expect } from "chai";
import type { ServedDirector } from "../../../src/simulator/director/https-face";
import { serveDirector } from "../../../src/simulator/director/https-face";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { testAuthentication, testCertificate } from "../../simulator/director/practice-director";
import { arrangeWorld, isCut, printedTable, type RecordedExchange, readRecordings, recordedDirector } from "./recorded";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const basic = `Basic ${Buffer.from(`${testAuthentication.client}:${testAuthentication.secret}`).toString("base64")}`;

async function send(port: number, exchange: RecordedExchange, range: string | undefined): Promise<Answer> {
  const { certificate } = await testCertificate();
  const { host: _host, authorization, range: _range, connection: _connection, ...rest } = exchange.h;
  const headers = {
    ...rest,
    ...(authorization === undefined ? {} : { authorization: basic }),
    ...(range === undefined ? {} : { range }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, ca: certificate, method: exchange.m, path: exchange.url, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(exchange.body);
  });
}

/** Times, uptimes and drawn ids differ from run to run; null stays null. */
function normalise(text: string): string {
  return (
    text
      .replace(/"(time|timestamp|started_at|secs)":\d+/g, '"$1":0')
      // The stand-in numbered every subject of a problem 1.
      .replace(/\((unresponsive_agent|missing_vm) \d+\): /g, "($1 N): ")
      .replace(/Task [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "Task UUID")
  );
}

/** Whole event lines without their time; progress inside a piece depends on the stand-in. */
function eventLines(text: string): readonly string[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map(normalise)
    .filter((line) => !line.includes('"in_progress"'));
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let position = 0;
  for (const line of whole) if (line === part[position]) position += 1;
  return position === part.length;
}

function isEventRead(exchange: RecordedExchange): boolean {
  return exchange.url.endsWith("/output?type=event");
}

describe("the simulated director, asked as the real bosh CLI asked", () => {
  const recordings = readRecordings();
  let director: SimulatedDirector;
  let timings: { updateVmMs: number };
  let served: ServedDirector;

  before(async () => {
    const startMs = recordings[0]?.exchanges[0]?.t ?? 0;
    ({ director, timings } = recordedDirector(startMs));
    const certificate = await testCertificate();
    served = await serveDirector(director, { certificate, authentication: testAuthentication, port: 0 });
  });
  after(() => served.close());

  it("has the 24 commands of the seeds", () => expect(recordings).to.have.length(24));

  for (const recording of recordings) {
    it(`answers every request of ${recording.name} as accepted`, async () => {
      arrangeWorld(director, timings, recording.name);
      let offset = 0;
      let recordedEvents = "";
      let ownEvents = "";
      for (const exchange of recording.exchanges) {
        director.clock.advance(Math.max(0, exchange.t - director.clock.nowMs()));
        // Each recorded task starts its output at byte 0; from then on the offsets are the director's own.
        if (exchange.h.range === "bytes=0-") offset = 0;
        const range = exchange.h.range === undefined ? undefined : `bytes=${offset}-`;
        const answer = await send(served.port, exchange, range);
        const what = `${exchange.m} ${exchange.url} at ${exchange.t}`;
        expect(answer.status, what).to.equal(exchange.status);
        if (exchange.resH.Location !== undefined)
          expect(answer.headers.location, what).to.equal(exchange.resH.Location);
        if (isEventRead(exchange)) {
          if (answer.status !== 206) continue;
          offset += Buffer.byteLength(answer.body);
          recordedEvents += exchange.res.slice(0, exchange.res.lastIndexOf("\n") + 1);
          ownEvents += answer.body;
        } else if (isCut(exchange)) {
          expect(
            normalise(answer.body).startsWith(normalise(exchange.res).slice(0, 560)),
            `${what}: ${answer.body}`,
          ).to.equal(true);
        } else {
          expect(normalise(answer.body), what).to.equal(normalise(exchange.res));
        }
      }
      expect(isSubsequence(eventLines(recordedEvents), eventLines(ownEvents)), ownEvents).to.equal(true);
    });
  }

  it("has exactly the printed tables in its last answers: instances, VMs, problems", async () => {
    const fresh = recordedDirector(recordings[0]?.exchanges[0]?.t ?? 0);
    const rows: Record<string, readonly (readonly string[])[]> = {};
    for (const recording of recordings) {
      arrangeWorld(fresh.director, fresh.timings, recording.name);
      if (recording.name === "12-vms-after-delete") {
        fresh.director.startDeleteVm("master_vm-934905729600", { user: "admin", contextId: "" });
        fresh.director.clock.advance(1_000);
      }
      rows[recording.name] = ownTable(fresh.director, recording.name);
    }
    for (const [name, heading] of [
      ["03-instances", "Instance"],
      ["06-vms", "Instance"],
      ["08-instances-failing", "Instance"],
      ["12-vms-after-delete", "Instance"],
    ] as const) {
      const printed = recordings.find((recording) => recording.name === name)?.printed ?? "";
      expect(rows[name], name).to.deep.equal(printedTable(printed, heading));
    }
  });
});

/** What the CLI prints of a listing, made from the director's own rows. */
function ownTable(director: SimulatedDirector, name: string): readonly (readonly string[])[] {
  const isVms = name.includes("vms");
  const task = director.startListing(deployment, isVms, { user: "admin", contextId: "" });
  director.clock.advance(1_000);
  const lines = task.resultOutput.trim().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .map((row) => {
      const cell = (value: unknown): string =>
        value === null || value === undefined || value === "" ? "-" : String(value);
      const common = [`${row.job_name}/${row.id}`, cell(row.job_state), cell(row.az), cell((row.ips as string[])[0])];
      const stemcell = row.stemcell as { readonly name: string; readonly version: string };
      return isVms
        ? [...common, cell(row.vm_cid), cell(row.vm_type), cell(row.active), `${stemcell.name}/${stemcell.version}`]
        : [...common, deployment];
    })
    .sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
}
