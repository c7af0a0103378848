// `bosh logs`: every agent packs its logs, the task's result names a blob. It takes no lock, but it does occupy a worker
// while silent agents time out. Source: cloudfoundry/bosh director lib/bosh/director/jobs/fetch_logs.rb.
import { gzipSync } from "node:zlib";
import type { DirectorContext } from "./context";
import type { SimulatedTask, TaskWork } from "./tasks";
import { agentTimeout } from "./vm-lifecycle";
import { doesAgentAnswer, nameOf, type SimulatedInstance } from "./world";

/** Blobs by id. */
export type BlobStore = Map<string, Buffer>;

/** The work of the task "fetch logs". */
export function* fetchLogs(
  context: DirectorContext,
  task: SimulatedTask,
  instances: readonly SimulatedInstance[],
  blobs: BlobStore,
): TaskWork {
  const files: { readonly name: string; readonly text: string }[] = [];
  for (const instance of instances) {
    const { vm } = instance;
    if (vm === undefined || !doesAgentAnswer(context.world, instance)) {
      yield context.timings.converseTimeoutMs / 3;
      throw agentTimeout(instance, "fetch_logs");
    }
    yield context.timings.agentAnswerMs;
    for (const { name, state } of vm.processes) {
      files.push({ name: `./${nameOf(instance)}/${name}/${name}.stdout.log`, text: `${name} is ${state}\n` });
    }
  }
  const id = `logs-${task.id}`;
  blobs.set(id, gzipSync(tarOf(files)));
  return id;
}

const blockBytes = 512;

/** A tar archive in the old format, which every tar reads. */
function tarOf(files: readonly { readonly name: string; readonly text: string }[]): Buffer {
  const blocks = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text, "utf8");
    const header = Buffer.alloc(blockBytes);
    header.write(name, 0, 100, "utf8");
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write("0", 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const padded = Buffer.alloc(Math.ceil(content.length / blockBytes) * blockBytes);
    content.copy(padded);
    return [header, padded];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}
