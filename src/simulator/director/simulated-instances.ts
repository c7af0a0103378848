// The inside of the simulated instances, as a shell would show it: monit's words, and a process restarted.
import type { InstanceRef } from "../../model/bosh";
import type { MonitObservation, MonitProcess } from "../../model/bosh-monit";
import { commandFailedError } from "../../model/errors";
import type { InstanceAccess } from "../../ports/director-access";
import type { SimulatedDirector } from "./simulated-director";
import { doesAgentAnswer, nameOf, type SimulatedProcess } from "./world";

// monit's cycle. Source: cloudfoundry/bosh-linux-stemcell-builder monitrc, "set daemon 10".
const monitCycleMs = 10_000;

/** InstanceAccess to the instances of a simulated director. */
export class SimulatedInstanceAccess implements InstanceAccess {
  constructor(private readonly director: SimulatedDirector) {}

  async observeMonit(deployment: string, { group, id }: InstanceRef): Promise<MonitObservation> {
    const instance = this.director.instance(deployment, group, id);
    if (instance.vm === undefined || !doesAgentAnswer(this.director.world, instance)) {
      return { kind: "unreachable", message: `the agent of ${nameOf(instance)} does not answer` };
    }
    return {
      kind: "observed",
      processes: instance.vm.processes.map(toMonitProcess).sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  async restartProcess(deployment: string, { group, id }: InstanceRef, name: string): Promise<void> {
    const instance = this.director.instance(deployment, group, id);
    const process = instance.vm?.processes.find((candidate) => candidate.name === name);
    if (process === undefined || !doesAgentAnswer(this.director.world, instance)) {
      throw commandFailedError(`monit restart ${name} on ${nameOf(instance)}`, {
        exitCode: 1,
        stderrTail: `monit: There is no service by that name`,
        timedOut: false,
      });
    }
    this.director.clock.after(monitCycleMs, () => {
      if (process.hasJobDirectory && process.isStuck !== true) process.state = "running";
    });
  }
}

function toMonitProcess(process: SimulatedProcess): MonitProcess {
  const { name, hasJobDirectory, state } = process;
  const status =
    state === "unknown" ? "not monitored - restart pending" : state === "failing" ? "Execution failed" : state;
  return {
    name,
    status,
    hasJobDirectory,
    missingExecutable: hasJobDirectory ? undefined : `/var/vcap/jobs/${name}/bin/ctl`,
  };
}
