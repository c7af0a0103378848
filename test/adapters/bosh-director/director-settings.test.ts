import { expect } from "chai";
import { readDirectorSettings, type SettingsSources } from "../../../src/adapters/bosh-director/director-settings";
import { isRecoveryError } from "../../../src/model/errors";

const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const config = `environments:
- url: https://10.0.0.6
  alias: prod
  ca_cert: |
    -----BEGIN CERTIFICATE-----
    STORED
    -----END CERTIFICATE-----
  username: ops
  password: stored-password
- url: https://uaa.example:25556
  alias: uaa
  access_token_type: bearer
  refresh_token: refresh
`;

function sources(
  variables: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = { "/home/op/.bosh/config": config, "/ca.pem": pem },
): SettingsSources {
  return { variables, homeDirectory: "/home/op", readFile: (path) => files[path] };
}

function refusal(variables: Readonly<Record<string, string>>, files?: Readonly<Record<string, string>>): string {
  try {
    readDirectorSettings({}, sources(variables, files));
  } catch (error) {
    if (isRecoveryError(error) && error.code === "input") return error.message;
  }
  return "no refusal";
}

describe("readDirectorSettings", () => {
  const addresses: readonly (readonly [text: string, host: string, port: number])[] = [
    ["10.0.0.6", "10.0.0.6", 25555],
    ["127.0.0.1:25599", "127.0.0.1", 25599],
    ["http://director:25599", "director", 25599],
    ["https://director:443", "director", 443],
    ["https://[fd00::6]:25555/", "fd00::6", 25555],
  ];
  for (const [text, host, port] of addresses) {
    it(`reaches ${text} over HTTPS at port ${port}`, () => {
      const settings = readDirectorSettings({}, sources({ BOSH_ENVIRONMENT: text }, {}));
      expect([settings.host, settings.port]).to.deep.equal([host, port]);
    });
  }

  it("reads URL, CA and user of an alias", () => {
    const settings = readDirectorSettings({}, sources({ BOSH_ENVIRONMENT: "prod" }));
    expect(settings.host).to.equal("10.0.0.6");
    expect(settings.caCertificate).to.contain("STORED");
    expect(settings.credentials).to.deep.equal({ kind: "client", client: "ops", secret: "stored-password" });
  });

  it("finds the stored entry by its URL too, and uses a stored refresh token", () => {
    const settings = readDirectorSettings({}, sources({ BOSH_ENVIRONMENT: "uaa.example:25556" }));
    expect(settings.credentials).to.deep.equal({ kind: "refresh-token", refreshToken: "refresh" });
  });

  it("lets BOSH_CLIENT win over the file, and the declaration over BOSH_CLIENT", () => {
    const variables = { BOSH_ENVIRONMENT: "prod", BOSH_CLIENT: "ops_manager", BOSH_CLIENT_SECRET: "s" };
    expect(readDirectorSettings({}, sources(variables)).credentials).to.include({ client: "ops_manager", secret: "s" });
    const declared = readDirectorSettings({ client: "quorate", clientSecret: "q" }, sources(variables));
    expect(declared.credentials).to.include({ client: "quorate", secret: "q" });
  });

  it("takes the CA as a path and as text", () => {
    const variables = { BOSH_ENVIRONMENT: "prod" };
    expect(readDirectorSettings({}, sources({ ...variables, BOSH_CA_CERT: "/ca.pem" })).caCertificate).to.equal(pem);
    expect(readDirectorSettings({}, sources({ ...variables, BOSH_CA_CERT: pem })).caCertificate).to.equal(pem);
  });

  it("honours BOSH_CONFIG", () => {
    const settings = readDirectorSettings(
      {},
      sources({ BOSH_ENVIRONMENT: "prod", BOSH_CONFIG: "/other" }, { "/other": config }),
    );
    expect(settings.host).to.equal("10.0.0.6");
  });

  const refusals: readonly (readonly [name: string, variables: Readonly<Record<string, string>>, want: RegExp])[] = [
    ["no director", {}, /^no BOSH director is named$/],
    [
      "an unknown alias with a blank",
      { BOSH_ENVIRONMENT: "my director" },
      /neither the URL of a BOSH director nor an alias/,
    ],
    ["a CA file that is not there", { BOSH_ENVIRONMENT: "prod", BOSH_CA_CERT: "/none" }, /\/none, does not exist$/],
    [
      "an HTTP proxy that NO_PROXY does not except",
      { BOSH_ENVIRONMENT: "10.0.0.6", HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "10.0.1.0/24" },
      /^HTTPS_PROXY is set, but the director 10\.0\.0\.6 is reached directly only$/,
    ],
    ["a proxy", { BOSH_ENVIRONMENT: "prod", BOSH_ALL_PROXY: "socks5://jump" }, /BOSH_ALL_PROXY is set/],
  ];
  for (const [name, variables, want] of refusals) {
    it(`refuses ${name} in one sentence`, () => expect(refusal(variables)).to.match(want));
  }

  it("refuses a configuration that is not YAML without printing it", () => {
    const message = refusal(
      { BOSH_ENVIRONMENT: "prod" },
      { "/home/op/.bosh/config": "environments: [password: geheim" },
    );
    expect(message).to.equal("/home/op/.bosh/config is not YAML");
  });
});
