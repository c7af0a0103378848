import { expect } from "chai";
import { judgeMonitStatus, monitStatusOf, parseMonitSummary } from "../../src/observe/monit";

// Seed 000: a job directory was removed, hence the warnings in front.
const failing525 = `/var/vcap/monit/job/0006_fluentd.monitrc:3: Warning: the executable does not exist '/var/vcap/jobs/fluentd/bin/ctl'
/var/vcap/monit/job/0006_fluentd.monitrc:4: Warning: the executable does not exist '/var/vcap/jobs/fluentd/bin/ctl'
The Monit daemon 5.2.5 uptime: 22m

Process 'kube-apiserver'            running
Process 'kube-controller-manager'   running
Process 'etcd'                      running
Process 'fluentd'                   not monitored - restart pending
Process 'bosh-dns-healthcheck'      running
System 'system_localhost'           running
`;

// monit 5.33 in the lab, with the colours that it prints on a terminal.
const table533 = [
  "Monit 5.33.0 uptime: 2m",
  " Service Name                     Status                      Type          ",
  "\u001b[1;39m localhost                     \u001b[0m   \u001b[1;32mOK                        \u001b[0m  System        ",
  " etcd                             Not monitored - start p...  Process       ",
  " blackbox                         Execution failed            Process       ",
  " a-service-with-a-name-of-mor...  OK                          Process       ",
].join("\n");

describe("parseMonitSummary", () => {
  it("reads 5.2.5 with warnings in front", () => {
    const summary = parseMonitSummary(failing525);
    expect([...(summary ?? [])]).to.deep.equal([
      ["kube-apiserver", "running"],
      ["kube-controller-manager", "running"],
      ["etcd", "running"],
      ["fluentd", "not monitored - restart pending"],
      ["bosh-dns-healthcheck", "running"],
      ["system_localhost", "running"],
    ]);
  });

  it("reads 5.2.5 with CRLF line ends and indented, as in a ticket", () => {
    const summary = parseMonitSummary(failing525.replaceAll("\n", "\r\n    "));
    expect(summary?.get("fluentd")).to.equal("not monitored - restart pending");
  });

  it("reads 5.33's table with colours", () => {
    const summary = parseMonitSummary(table533);
    expect([...(summary ?? [])].slice(0, 3)).to.deep.equal([
      ["localhost", "OK"],
      ["etcd", "Not monitored - start p..."],
      ["blackbox", "Execution failed"],
    ]);
  });

  it("knows no service where monit did not answer", () => {
    expect(parseMonitSummary("monit: error connecting to the monit daemon")).to.equal(undefined);
    expect(parseMonitSummary("")).to.equal(undefined);
  });
});

describe("monitStatusOf", () => {
  it("finds a name that the table cut off", () => {
    const summary = parseMonitSummary(table533) ?? new Map();
    expect(monitStatusOf(summary, "a-service-with-a-name-of-more-than-32-characters")).to.equal("OK");
    expect(monitStatusOf(summary, "a-service")).to.equal(undefined);
    expect(monitStatusOf(summary, "etc")).to.equal(undefined);
  });
});

describe("judgeMonitStatus", () => {
  for (const [status, state, paused] of [
    ["running", "running", false],
    ["OK", "running", false],
    ["Resource limit matched", "running", false],
    ["not monitored", "not-monitored", true],
    ["Not monitored", "not-monitored", true],
    ["not monitored - restart pending", "starting", false],
    ["Not monitored - start pending", "starting", false],
    ["Not monitored - start p...", "starting", false],
    ["running - stop pending", "stopped", false],
    ["Initializing", "starting", false],
    ["Initializing - start pe...", "starting", false],
    ["Initializing - unmonito...", "not-monitored", true],
    ["Does not exist", "failed", false],
    ["Execution failed", "failed", false],
    ["Execution failed | Does not exist", "failed", false],
    ["Connection failed", "failed", false],
    ["something new", "unknown", false],
  ] as const) {
    it(`takes "${status}" for ${state}${paused ? ", paused" : ""}`, () => {
      expect(judgeMonitStatus(status)).to.deep.equal({ state, paused });
    });
  }
});
