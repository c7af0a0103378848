import { expect } from "chai";
import { parseServices, parseUnit } from "../../src/observe/services";

function show(fields: Readonly<Record<string, string>>): string {
  const usual = { LoadState: "loaded", ActiveState: "active", SubState: "running", UnitFileState: "enabled" };
  return Object.entries({ ...usual, Result: "success", ExecMainStatus: "0", ...fields })
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("parseUnit", () => {
  for (const { name, given, want } of [
    { name: "running", given: {}, want: { state: "running", detail: "active (running)", paused: false } },
    {
      name: "stopped",
      given: { ActiveState: "inactive", SubState: "dead" },
      want: { state: "stopped", detail: "inactive (dead)", paused: false },
    },
    {
      name: "failed, with its exit code",
      given: { ActiveState: "failed", SubState: "failed", Result: "exit-code", ExecMainStatus: "1" },
      want: { state: "failed", detail: "failed (failed), exit-code, exit code 1", paused: false },
    },
    {
      name: "starting while systemd restarts it again and again",
      given: { ActiveState: "activating", SubState: "auto-restart", Result: "exit-code", ExecMainStatus: "255" },
      want: { state: "starting", detail: "activating (auto-restart), exit-code, exit code 255", paused: false },
    },
    {
      name: "missing when there is no such unit",
      given: { LoadState: "not-found", ActiveState: "inactive", SubState: "dead", UnitFileState: "" },
      want: { state: "missing", detail: "inactive (dead), not-found", paused: false },
    },
    {
      name: "stopped and paused when masked at run time",
      given: { LoadState: "masked", ActiveState: "inactive", SubState: "dead", UnitFileState: "masked-runtime" },
      want: { state: "stopped", detail: "inactive (dead), masked, masked-runtime", paused: true },
    },
    {
      name: "running and paused when masked at run time while it runs",
      given: { UnitFileState: "masked-runtime" },
      want: { state: "running", detail: "active (running), masked-runtime", paused: true },
    },
    {
      name: "stopped and not paused when masked for good",
      given: { LoadState: "masked", ActiveState: "inactive", SubState: "dead", UnitFileState: "masked" },
      want: { state: "stopped", detail: "inactive (dead), masked", paused: false },
    },
  ]) {
    it(`tells a unit is ${name}`, () => {
      expect(parseUnit("kubelet", 0, show(given))).to.deep.equal({ name: "kubelet", manager: "systemd", ...want });
    });
  }

  it("tells since when a unit runs, as Unix time", () => {
    const text = show({ ActiveEnterTimestamp: "Sat 2026-11-21 10:04:57 UTC" });
    expect(parseUnit("kubelet", 0, text).startedAtSeconds).to.equal(1795255497);
  });

  it("is unknown with systemctl's words where there is no systemd", () => {
    const words = "System has not been booted with systemd as init system (PID 1). Can't operate.";
    expect(parseUnit("kubelet", 1, words)).to.include({ state: "unknown", detail: words, paused: false });
    expect(parseUnit("kubelet", 124, "")).to.include({ state: "unknown", detail: "systemctl did not answer in 5 s" });
    expect(parseUnit("kubelet", 127, "")).to.include({ state: "unknown", detail: "systemctl ended with 127" });
  });
});

describe("parseServices", () => {
  const monit = "The Monit daemon 5.2.5 uptime: 22m\n\nProcess 'etcd'   running\n";
  const stdout = `unit ${base64("kubelet")} 0 ${base64(show({}))}\nmonit 0 ${base64(monit)}\n`;

  it("tells of systemd units and monit processes, sorted by name", () => {
    const services = parseServices(stdout, {
      kubelet: { manager: "systemd", state: "running" },
      ncp: { manager: "monit", state: "running" },
      etcd: { manager: "monit", state: "running" },
    });
    expect(services.map(({ name, state, detail }) => [name, state, detail])).to.deep.equal([
      ["etcd", "running", "running"],
      ["kubelet", "running", "active (running)"],
      ["ncp", "missing", "monit does not know it"],
    ]);
  });

  it("is unknown with monit's last words when monit does not answer", () => {
    const text = `monit 1 ${base64("New Monit id: 84c\nmonit: error connecting to the monit daemon")}\n`;
    const [etcd] = parseServices(text, { etcd: { manager: "monit", state: "running" } });
    expect(etcd).to.include({ state: "unknown", detail: "monit: error connecting to the monit daemon" });
  });

  it("refuses an output that does not tell of a declared service", () => {
    expect(() => parseServices("", { kubelet: { manager: "systemd", state: "running" } })).to.throw("kubelet");
  });
});
