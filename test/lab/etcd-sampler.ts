// Looks at the etcd of some hosts from outside, every 100 ms, while something else works on them: what cluster each endpoint
// says that it is of, and whom it lists. A fork that stands for a moment only is seen too.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { LabHost } from "./host";

/** What one endpoint answered. Ids are decimal text, as etcd's gateway writes them. */
export interface EtcdSample {
  readonly host: string;
  readonly clusterId: string;
  readonly memberId: string;
  /** The ids of its OWN member list, sorted. */
  readonly listed: readonly string[];
}

const everyMs = 100;
const pki = "etc/kubernetes/pki/etcd";

/** Looks until it is stopped. */
export class EtcdSampler {
  readonly samples: EtcdSample[] = [];
  /** Looks that were begun, answered or not. */
  looks = 0;
  private readonly timers: readonly NodeJS.Timeout[];
  private readonly agent: Agent;

  constructor(hosts: readonly LabHost[]) {
    const [first] = hosts;
    if (first === undefined) throw new Error("nobody to look at");
    const read = (name: string) => readFileSync(join(first.diskDirectory, pki, name));
    this.agent = new Agent({
      keepAlive: true,
      ca: read("ca.crt"),
      cert: read("healthcheck-client.crt"),
      key: read("healthcheck-client.key"),
    });
    this.timers = hosts.map((host) => {
      let isAsking = false;
      return setInterval(() => {
        if (isAsking) return;
        isAsking = true;
        this.looks += 1;
        // What cannot be read is no sample.
        void this.look(host)
          .catch(() => undefined)
          .finally(() => {
            isAsking = false;
          });
      }, everyMs);
    });
  }

  /** Ends the looking. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.agent.destroy();
  }

  /** A silent endpoint leaves no sample: a member that does not answer forks nothing. */
  private async look(host: LabHost): Promise<void> {
    // Not linearizable: what this endpoint itself knows.
    const text = await this.post(host.address, "/v3/cluster/member/list", '{"linearizable":false}');
    if (text === undefined) return;
    const answer = JSON.parse(text) as {
      readonly header: { readonly cluster_id: string; readonly member_id: string };
      readonly members: readonly { readonly ID: string }[];
    };
    this.samples.push({
      host: host.name,
      clusterId: answer.header.cluster_id,
      memberId: answer.header.member_id,
      listed: answer.members.map(({ ID }) => ID).sort(),
    });
  }

  private post(address: string, path: string, body: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const asked = request(
        { host: address, port: 2379, path, method: "POST", agent: this.agent, timeout: 1000 },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.once("end", () => resolve(response.statusCode === 200 ? text : undefined));
          response.once("error", () => resolve(undefined));
        },
      );
      asked.once("timeout", () => asked.destroy());
      asked.once("error", () => resolve(undefined));
      asked.end(body);
    });
  }
}
