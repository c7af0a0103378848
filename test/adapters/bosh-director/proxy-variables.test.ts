import { expect } from "chai";
import { proxyVariableFor } from "../../../src/adapters/bosh-director/proxy-variables";

describe("proxyVariableFor", () => {
  const proxy = { HTTPS_PROXY: "http://proxy:3128" };
  const cases: readonly (readonly [name: string, variables: Record<string, string>, host: string, want?: string])[] = [
    ["names the variable for a host that nothing excepts", proxy, "10.0.0.6", "HTTPS_PROXY"],
    ["reads the lower-case variable too", { https_proxy: "http://proxy:3128" }, "10.0.0.6", "https_proxy"],
    ["finds none when none is set, or an empty one", { HTTPS_PROXY: " " }, "10.0.0.6"],
    ["never sends loopback through a proxy", proxy, "127.0.0.1"],
    ["excepts an address", { ...proxy, NO_PROXY: "10.0.0.5, 10.0.0.6" }, "10.0.0.6"],
    ["excepts a network", { ...proxy, NO_PROXY: "10.0.0.0/24" }, "10.0.0.6"],
    ["does not except the neighbour network", { ...proxy, NO_PROXY: "10.0.1.0/24" }, "10.0.0.6", "HTTPS_PROXY"],
    ["excepts a domain and what is below it", { ...proxy, no_proxy: "example.org" }, "bosh.example.org"],
    ["excepts only what is below .domain", { ...proxy, NO_PROXY: ".example.org" }, "example.org", "HTTPS_PROXY"],
    ["does not take a name's end for its domain", { ...proxy, NO_PROXY: "ple.org" }, "example.org", "HTTPS_PROXY"],
    ["excepts one port", { ...proxy, NO_PROXY: "bosh:25555" }, "bosh"],
    ["does not except another port", { ...proxy, NO_PROXY: "bosh:443" }, "bosh", "HTTPS_PROXY"],
    ["excepts all by *", { ...proxy, NO_PROXY: "*" }, "bosh"],
  ];
  for (const [name, variables, host, want] of cases) {
    it(name, () => expect(proxyVariableFor(variables, host, 25_555)).to.equal(want));
  }
});
