// The gRPC services that the program and the plugins call: ResourceMonitor, Engine, ResourceStatus. What this engine
// does not do is refused by name, and the refusal ends the run with one clear sentence.

import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engineMessages from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import { ResourceStatusService } from "@pulumi/pulumi/proto/resource_status_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { unsupportedError } from "../model/errors";
import type { Severity } from "./events";
import { parseGoal } from "./goal";
import { parseStruct, renderStruct } from "./property-value";
import type { Registrations } from "./registrations";
import { organization, type RunContext } from "./run-context";

const messageBytesMax = 400 * 1024 * 1024;
const useTheCli = "use the pulumi CLI for this stack";

const severities: Readonly<Record<number, Severity>> = { 0: "debug", 1: "info", 2: "warning", 3: "error" };

/** Everything the SDK may count on. Transforms, hooks, parameterization and the like are left out: they are refused. */
const features: readonly messages.ResourceMonitorFeature[] = [
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
];
/** The same for SDKs that ask for one feature at a time. */
const featureNames: ReadonlySet<string> = new Set(["secrets", "resourceReferences", "outputValues", "aliasSpecs"]);

/** Calls that are refused, and what they are to the user. */
const refused: Readonly<Record<string, string>> = {
  invoke: "a function of a provider (invoke)",
  call: "a method of a resource (call)",
  readResource: "reading an existing resource (get, StackReference)",
  existsResource: "asking whether a resource exists",
  registerStackTransform: "a stack transform",
  registerStackInvokeTransform: "an invoke transform",
  registerResourceHook: "a resource hook",
  registerErrorHook: "an error hook",
  registerPackage: "a parameterized package",
  publishViewSteps: "a view",
  startDebugging: "a debugger",
  requirePulumiVersion: "requirePulumiVersion",
};

type Handler<Request, Response> = (request: Request) => Promise<Response>;

/** A handler of some method: one table holds those of all, and the server checks none of their types. */
type AnyHandler = UntypedServiceImplementation[string];

function serve<Request, Response>(handler: Handler<Request, Response>): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handler(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => {
        const details = error instanceof Error ? error.message : String(error);
        callback({ code: status.UNKNOWN, details });
      },
    );
  };
}

/** A server of one run. */
export interface EngineServer {
  /** host:port on loopback. */
  readonly address: string;
  close(): void;
}

/** A log call, whoever made it. */
export type LogSink = (request: engineMessages.LogRequest) => void;

function monitorHandlers(context: RunContext, registrations: Registrations): Record<string, AnyHandler> {
  const deploymentInfo = () => {
    const info = new messages.DeploymentInfo().setProject(context.project.name).setStack(context.stack);
    info.setOrganization(organization).setParallel(context.parallel).setDryrun(context.preview);
    for (const [key, value] of Object.entries(context.config.values)) info.getConfigMap().set(key, value);
    info.setConfigsecretkeysList([...context.config.secretKeys]);
    return info.setSupportedfeaturesList([...features]);
  };
  return {
    getDeploymentInfo: serve<Empty, messages.DeploymentInfo>(async () => deploymentInfo()),
    supportsFeature: serve<messages.SupportsFeatureRequest, messages.SupportsFeatureResponse>(async (request) =>
      new messages.SupportsFeatureResponse().setHassupport(featureNames.has(request.getId())),
    ),
    registerResource: serve<messages.RegisterResourceRequest, messages.RegisterResourceResponse>(async (request) =>
      registerResource(context, registrations, request),
    ),
    registerResourceOutputs: serve<messages.RegisterResourceOutputsRequest, Empty>(async (request) => {
      registrations.registerOutputs(request.getUrn(), parseStruct(request.getOutputs()));
      return new Empty();
    }),
    signalAndWaitForShutdown: serve<Empty, Empty>(async () => new Empty()),
  };
}

async function registerResource(
  context: RunContext,
  registrations: Registrations,
  request: messages.RegisterResourceRequest,
): Promise<messages.RegisterResourceResponse> {
  let goal: ReturnType<typeof parseGoal>;
  try {
    goal = parseGoal(request);
  } catch (error) {
    registrations.stop(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  const result = await registrations.register(goal);
  if (!result.succeeded && !request.getSupportsresultreporting()) {
    throw new Error(`resource ${goal.name} failed`);
  }
  const response = new messages.RegisterResourceResponse().setUrn(result.urn);
  // An id that is not known before the update is left out.
  const isUnknown = context.preview && result.id === "";
  if (!isUnknown) response.setId(result.id);
  response.setObject(renderStruct(result.outputs, { keepSecrets: request.getAcceptsecrets() }));
  return response.setResult(result.succeeded ? messages.Result.SUCCESS : messages.Result.FAIL);
}

function engineHandlers(onLog: LogSink): Record<string, AnyHandler> {
  let root = "";
  return {
    log: serve<engineMessages.LogRequest, Empty>(async (request) => {
      onLog(request);
      return new Empty();
    }),
    getRootResource: serve<engineMessages.GetRootResourceRequest, engineMessages.GetRootResourceResponse>(async () =>
      new engineMessages.GetRootResourceResponse().setUrn(root),
    ),
    setRootResource: serve<engineMessages.SetRootResourceRequest, engineMessages.SetRootResourceResponse>(
      async (request) => {
        root = request.getUrn();
        return new engineMessages.SetRootResourceResponse();
      },
    ),
  };
}

/** Starts the services of a run on a free port of loopback. */
export async function startEngineServer(
  context: RunContext,
  registrations: Registrations,
  onLog: LogSink,
): Promise<EngineServer> {
  const server = new Server({
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
  });
  const handlers: Readonly<Record<string, AnyHandler>> = {
    ...monitorHandlers(context, registrations),
    ...engineHandlers(onLog),
  };
  const services = [ResourceMonitorService, EngineService, ResourceStatusService] as unknown as ServiceDefinition[];
  for (const service of services) {
    const table: Record<string, AnyHandler> = {};
    for (const name of Object.keys(service)) {
      table[name] = handlers[name] ?? refuse(registrations, refused[name] ?? name);
    }
    server.addService(service, table);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function refuse(registrations: Registrations, what: string): AnyHandler {
  return serve<Empty, Empty>(async () => {
    const error = unsupportedError(`the program uses ${what}, which the embedded engine does not do; ${useTheCli}`);
    registrations.stop(error);
    throw error;
  });
}

/** Reads the severity of a log call. */
export function severityOf(request: engineMessages.LogRequest): Severity {
  return severities[request.getSeverity()] ?? "info";
}
