// Messages to the engine, shown under the resource that they are about.

import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity as WireSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { LogSeverity } from "./resource-type";

const wireSeverity: Readonly<Record<LogSeverity, 0 | 1 | 2 | 3>> = {
  debug: WireSeverity.DEBUG,
  info: WireSeverity.INFO,
  warning: WireSeverity.WARNING,
  error: WireSeverity.ERROR,
};

/** Sends messages to one engine. A message that cannot be delivered is dropped: the work goes on without its telling. */
export class EngineLog {
  private client: EngineClient | undefined;

  /** `address` is host:port; undefined: messages go nowhere. */
  constructor(private address: string | undefined) {}

  /** Takes the address that the handshake names, in place of the one of the command line. */
  connect(address: string): void {
    this.address = address;
    this.client = undefined;
  }

  /** Shows a message under the resource. An ephemeral one is replaced by the next. */
  async log(urn: string, severity: LogSeverity, message: string, isEphemeral = false): Promise<void> {
    if (this.address === undefined) return;
    this.client ??= new EngineClient(this.address, credentials.createInsecure());
    const request = new LogRequest();
    request.setSeverity(wireSeverity[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(isEphemeral);
    const client = this.client;
    await new Promise<void>((resolve) => client.log(request, () => resolve()));
  }
}
