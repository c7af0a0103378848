// The written inventories under kubespray's own playbook, where its tree is at hand: QUORATE_TEST_KUBESPRAY=<v2.31 tree>.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { ansibleEnvironment, type KubesprayTools, kubesprayTools } from "./ansible";

const run = promisify(execFile);

describe("kubespray's own playbook", function () {
  this.timeout(600_000);
  let kubespray: KubesprayTools & { readonly kind: "ready" };

  before(async function () {
    const found = await kubesprayTools();
    if (found.kind === "missing") {
      console.log(`    skipped: ${found.reason}`);
      return this.skip();
    }
    kubespray = found;
  });

  async function playbook(situation: string, ...args: readonly string[]): Promise<string> {
    const inventory = join(__dirname, "../inventory/golden", situation, "hosts.ini");
    const { directory, tools } = kubespray;
    const environment = {
      ...ansibleEnvironment(tools),
      ANSIBLE_CONFIG: join(directory, "ansible.cfg"),
      ANSIBLE_CACHE_PLUGIN: "memory",
    };
    const all = ["-i", inventory, "recover-control-plane.yml", "--limit", "etcd,kube_control_plane", ...args];
    const { stdout } = await run(tools.playbook, all, {
      cwd: directory,
      env: environment,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  /** First hosts of the plays that are named so. */
  function hostsOfPlay(listing: string, name: string): readonly string[] {
    const play = listing.split(/\n\s*play #/).find((text) => text.includes(`: ${name}\t`));
    return (
      play
        ?.split(/hosts \(\d+\):\n/)[1]
        ?.trim()
        .split(/\s+/) ?? []
    );
  }

  for (const situation of [
    "only-etcd1-broken",
    "name-prefix-node1-node10",
    "lost-quorum-etcd-3.6",
    "seed-003-survivor-named",
  ]) {
    it(`takes the inventory of ${situation}`, async () => {
      expect(await playbook(situation, "--syntax-check")).to.contain("playbook: recover-control-plane.yml");
    });
  }

  it("starts from the surviving hosts", async () => {
    const listing = await playbook("only-etcd1-broken", "--list-hosts");
    expect(hostsOfPlay(listing, "Recover etcd")).to.deep.equal(["cp2"]);
    expect(hostsOfPlay(listing, "Recover control plane")).to.deep.equal(["cp2"]);
  });

  it("starts seed 003 from the survivor, and the control plane from the first master", async () => {
    const listing = await playbook("seed-003-survivor-named", "--list-hosts");
    expect(hostsOfPlay(listing, "Recover etcd")).to.deep.equal(["taco-w1"]);
    expect(hostsOfPlay(listing, "Recover control plane")).to.deep.equal(["taco-m1"]);
  });
});
