import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseHost, parseLock } from "../../src/observe/host";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const base = `hostname ${base64("CP-0.Example\n")}\ntime 1795255497\nboot 0826ac72-1314\n`;

function certificateOf(subject: string): string {
  const directory = mkdtempSync(join(tmpdir(), "quorate-cert-"));
  const [key, file] = [join(directory, "key"), join(directory, "cert")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject];
  execFileSync("openssl", [...words, "-keyout", key, "-out", file], { stdio: "ignore" });
  const pem = readFileSync(file, "utf8");
  rmSync(directory, { recursive: true });
  return pem;
}

describe("parseHost", () => {
  it("takes the kubelet's name from its client certificate before anything else", () => {
    const pem = certificateOf("/O=system:nodes/CN=system:node:node-a");
    const text = `${base}certificate ${base64(pem)}\nuser ${base64("system:node:b")}\noverride ${base64("c")}\n`;
    expect(parseHost(text)).to.deep.equal({
      hostName: "CP-0.Example",
      kubeletNodeName: "node-a",
      timeSeconds: 1795255497,
      bootId: "0826ac72-1314",
    });
  });

  for (const { name, more, want } of [
    {
      name: "the user of kubelet.conf",
      more: `user ${base64("system:node:b\n")}\noverride ${base64("c\n")}\n`,
      want: "b",
    },
    {
      name: "the override where kubelet.conf names no node",
      more: `user ${base64("default-auth")}\noverride ${base64("c\n")}\n`,
      want: "c",
    },
    {
      name: "the host's name in lower case",
      more: `user \ncertificate ${base64("no certificate")}\n`,
      want: "cp-0.example",
    },
    {
      name: "the host's name where the certificate is damaged",
      more: `certificate ${base64("-----BEGIN CERTIFICATE-----\nx")}\n`,
      want: "cp-0.example",
    },
  ]) {
    it(`takes it from ${name} otherwise`, () => {
      expect(parseHost(base + more).kubeletNodeName).to.equal(want);
    });
  }

  it("tells who holds the lock", () => {
    const lock = base64("alice\nlaptop\n2026-11-21T10:00:00Z\nwriteManifest a.yaml\n");
    expect(parseHost(`${base}lock ${lock}\n`).lock).to.deep.equal({
      holder: "alice",
      host: "laptop",
      since: "2026-11-21T10:00:00Z",
      step: "writeManifest a.yaml",
    });
  });

  it("refuses an output without a name or a time", () => {
    expect(() => parseHost("time 1795255497\n")).to.throw("name");
    expect(() => parseHost(`hostname ${base64("a")}\ntime x\n`)).to.throw("time");
  });
});

describe("parseLock", () => {
  it("is nothing for an empty file, and keeps what is there of one that is cut off", () => {
    expect(parseLock("")).to.equal(undefined);
    expect(parseLock("bob")).to.deep.equal({ holder: "bob", host: "", since: "", step: "" });
  });
});
