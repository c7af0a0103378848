// The 24 recorded commands given to the ordinary `bosh` CLI once more, this time at the simulated director: it prints what was
// recorded, line by line.

import { expect } from "chai";
import { systemClock } from "../../src/adapters/system-clock";
import { type ServedDirector, serveDirector } from "../../src/simulator/director/https-face";
import { followClock } from "../../src/simulator/director/pace";
import { type BoshCli, boshCli, boshCliOrSkip } from "../conformance/bosh/bosh-cli";
import { arrangeWorld, readRecordings, recordedDirector } from "../conformance/bosh/recorded";
import { testAuthentication, testCertificate } from "../simulator/director/practice-director";

/**
 * Lines as far as they do not depend on the clock, the port, drawn ids or how the stand-in cut a piece into parts; the CLI's two
 * streams may meet at another blank line.
 */
function comparable(printed: string): readonly string[] {
  return printed
    .split("\n")
    .filter((line) => line !== "" && !/^Task \d+ \| [\d:]+ \| L /.test(line))
    .map((line) =>
      line
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
        .replace(/[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d UTC \d{4}/g, "DATE")
        .replace(/\d\d:\d\d:\d\d/g, "TIME")
        .replace(/ \(TIME\)$/, "")
        .replace(/Task [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "Task UUID")
        .replace(/\((unresponsive_agent|missing_vm) \d+\): /g, "($1 N): ")
        .replace(/ {2,}/g, "  ")
        .trimEnd(),
    );
}

describe("the bosh CLI, given the recorded commands", function () {
  this.timeout(120_000);
  const recordings = readRecordings();
  const { director, timings } = recordedDirector(Date.now());
  let served: ServedDirector;
  let cli: BoshCli | undefined;

  before(async function () {
    boshCliOrSkip(this);
    const certificate = await testCertificate();
    served = await serveDirector(director, {
      certificate,
      authentication: testAuthentication,
      port: 0,
      beforeAnswer: followClock(director.clock, systemClock(), 1),
    });
    const environment = `https://127.0.0.1:${served.port}`;
    const { client, secret } = testAuthentication;
    cli = boshCli({ environment, caCertificate: certificate.certificate, client, secret });
  });
  after(async () => {
    cli?.remove();
    await served?.close();
  });

  for (const recording of recordings) {
    const [command = ""] = recording.printed.split("\n");
    it(`prints what was recorded for ${recording.name}`, async () => {
      arrangeWorld(director, timings, recording.name);
      director.clock.advance(1_000);
      const words = command.replace("$ bosh ", "bosh --no-color ");
      const ended = await cli?.shell(words);
      const recorded = /^\$ bosh [^\n]*\n(.*?)\n?exit code (\d+)\n?$/s.exec(recording.printed);
      expect(comparable(ended?.printed ?? "")).to.deep.equal(comparable(recorded?.[1] ?? ""));
      expect(ended?.code).to.equal(Number(recorded?.[2]));
    });
  }
});
