// Loaded before a recorded plugin: logs every call that its server gets, also those that it does not implement.

import { Server, type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { logCall } from "./wire-json";

type Handler = (
  call: { readonly request: object },
  callback: (error: object | null, response?: unknown) => void,
) => void;

const addService = Server.prototype.addService;

Server.prototype.addService = function recordService(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): void {
  const wrapped: Record<string, Handler> = {};
  for (const method of Object.keys(service)) {
    const original = implementation[method] as Handler | undefined;
    wrapped[method] = (call, callback) => {
      logCall(method, call.request);
      if (original === undefined) {
        callback({ code: status.UNIMPLEMENTED, details: `The server does not implement the method ${method}` });
      } else {
        original.call(implementation, call, callback);
      }
    };
  }
  addService.call(this, service, wrapped as unknown as UntypedServiceImplementation);
};
