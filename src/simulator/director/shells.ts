// `bosh ssh` on the director's side: users made and removed by the agents. An instance whose agent is silent fails the
// whole task; users already made on others stay.
// Source: cloudfoundry/bosh director lib/bosh/director/jobs/ssh.rb; cloudfoundry/bosh-agent agent/action/ssh.go.
import type { DirectorContext } from "./context";
import { type SimulatedTask, TaskError, type TaskWork } from "./tasks";
import { agentTimeout } from "./vm-lifecycle";
import { doesAgentAnswer, type SimulatedDeployment, type SimulatedInstance, type SimulatedVm } from "./world";

/** What is asked of the agents. */
export type ShellCommand =
  | { readonly kind: "setup"; readonly user: string; readonly publicKey: string }
  | { readonly kind: "cleanup"; readonly userPattern: RegExp };

/** Told of each user that is made or removed, so that a real sshd in front of the simulated one can follow. */
export interface ShellHooks {
  readonly created: (instance: SimulatedInstance, user: string, publicKey: string) => void;
  readonly removed: (instance: SimulatedInstance, user: string) => void;
}

/** A jump host that the director proposes. */
export interface ProposedGateway {
  readonly host: string;
  readonly user: string;
}

/** The work of the task "ssh: ...". */
export function* runShellCommand(
  context: DirectorContext,
  task: SimulatedTask,
  asked: {
    readonly deployment: SimulatedDeployment;
    readonly instances: readonly SimulatedInstance[];
    readonly command: ShellCommand;
    readonly gateway: ProposedGateway | undefined;
    readonly hooks: ShellHooks;
  },
): TaskWork {
  const reachable = asked.instances.filter(({ vm }) => vm !== undefined);
  if (reachable.length === 0) {
    throw new TaskError(100, `No instance with a VM in deployment '${asked.deployment.name}' matched filter`);
  }
  const results: object[] = [];
  for (const instance of reachable) {
    const { vm } = instance;
    if (vm === undefined || !doesAgentAnswer(context.world, instance)) {
      yield context.timings.converseTimeoutMs / 3;
      throw agentTimeout(instance, "ssh");
    }
    yield context.timings.agentAnswerMs;
    results.push({
      command: asked.command.kind,
      status: "success",
      ...apply(context, instance, vm, asked.command, asked.hooks),
      id: instance.id,
      index: instance.index,
      job: instance.group,
      ...(asked.gateway === undefined ? {} : { gateway_host: asked.gateway.host, gateway_user: asked.gateway.user }),
    });
  }
  task.resultOutput = `${JSON.stringify(results)}\n`;
  return "";
}

function apply(
  context: DirectorContext,
  instance: SimulatedInstance,
  vm: SimulatedVm,
  command: ShellCommand,
  hooks: ShellHooks,
): object {
  if (command.kind === "setup") {
    if (vm.shellUsers.some(({ name }) => name === command.user)) {
      throw new TaskError(450001, `Action Failed ssh: Creating user: useradd: user '${command.user}' already exists`);
    }
    vm.shellUsers.push({ name: command.user, publicKey: command.publicKey });
    hooks.created(instance, command.user, command.publicKey);
    const key = context.world.hostPublicKeyOf(instance);
    return { ip: instance.address, ...(key === undefined ? {} : { host_public_key: `${key}\n` }) };
  }
  for (const { name } of [...vm.shellUsers]) {
    if (!name.startsWith("bosh_") || !command.userPattern.test(name)) continue;
    vm.shellUsers.splice(
      vm.shellUsers.findIndex((user) => user.name === name),
      1,
    );
    hooks.removed(instance, name);
  }
  return { ip: null };
}
