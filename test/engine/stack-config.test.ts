import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Crypter, openCrypter } from "../../src/engine/passphrase";
import { readProject } from "../../src/engine/project";
import { StackConfig } from "../../src/engine/stack-config";

const salt = "v1:SBn8034WIEg=:v1:I32Lp5IHjag4k3VN:Bc4chwaB1JKCl0XUH47LnwR/yQgMjg==";

describe("StackConfig", () => {
  let root: string;
  let crypter: Crypter;
  const read = (text?: string) => {
    if (text !== undefined) writeFileSync(join(root, "Pulumi.prod.yaml"), text);
    return StackConfig.read(readProject(root), "prod");
  };
  before(async function () {
    this.timeout(20_000);
    crypter = await openCrypter("correct-horse", salt);
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-config-"));
    writeFileSync(join(root, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("reads what the Pulumi CLI wrote, secrets decrypted and named", () => {
    const config = read(`encryptionsalt: ${salt}
config:
  demo:dir: /srv/demo/nodes
  demo:count: 3
  demo:nodes:
    - name: cp-0
      password:
        secure: v1:8bPQdtDpwP6aqwHq:97r00Hk6Eo4CWjjAeAKwUKI8HCxGqw==
  demo:token:
    secure: v1:8bPQdtDpwP6aqwHq:97r00Hk6Eo4CWjjAeAKwUKI8HCxGqw==
`);
    expect(config.findSalt()).to.equal(salt);
    expect(config.decrypt(crypter)).to.deep.equal({
      values: {
        "demo:count": "3",
        "demo:dir": "/srv/demo/nodes",
        "demo:nodes": '[{"name":"cp-0","password":"s3cr3t"}]',
        "demo:token": "s3cr3t",
      },
      secretKeys: ["demo:nodes", "demo:token"],
    });
  });

  it("keeps comments, order and quoting when a value is set", () => {
    const config = read(`# the plant in Linz
config:
  # jump host
  demo:jump: "ops@10.0.0.1" # do not change
  demo:count: 3
`);
    config.set("count", "4", undefined);
    config.set("new", "x", undefined);
    config.write();
    expect(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8")).to.equal(`# the plant in Linz
config:
  # jump host
  demo:jump: "ops@10.0.0.1" # do not change
  demo:count: 4
  demo:new: x
`);
  });

  it("encrypts a secret, makes the file if there is none, and gives the value back", () => {
    const config = read();
    config.setSalt(salt);
    config.set("token", "hunter2", crypter);
    config.write();
    const text = readFileSync(join(root, "Pulumi.prod.yaml"), "utf8");
    expect(text).to.include("secure: v1:").and.not.include("hunter2");
    expect(read().find("token", () => crypter)).to.deep.equal({ value: "hunter2", secret: true });
    expect(read().find("demo:token", () => crypter)?.value).to.equal("hunter2");
    expect(read().find("other", () => crypter)).to.equal(undefined);
  });

  for (const value of ["a: b", "$(reboot)", "line\nline", "'\"`", "# no comment", "true", "007", "null", "", "- x"]) {
    it(`gives back the hostile value ${JSON.stringify(value)} as it was set`, () => {
      const config = read("config: {}\n");
      config.set("odd", value, undefined);
      config.write();
      expect(read().decrypt(undefined).values["demo:odd"]).to.equal(value);
    });
  }

  it("refuses secrets without a salt, a config that is no map, text that is not YAML", () => {
    expect(() => read("config:\n  demo:x:\n    secure: v1:a:b\n").decrypt(undefined)).to.throw("no encryptionsalt");
    expect(() => read("config: [1]\n").decrypt(undefined)).to.throw("has to be a map");
    expect(() => read("config: {\n")).to.throw("not YAML");
  });

  it("refuses other secrets providers and environments by name", () => {
    expect(() => read("secretsprovider: awskms://x\n")).to.throw("sets secretsprovider");
    expect(() => read("environment: [prod]\n")).to.throw("sets environment");
    expect(() => read("secretsprovider: passphrase\n")).to.not.throw();
  });
});
