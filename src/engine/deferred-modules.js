// Preloaded into programs. The Pulumi SDK loads a TypeScript compiler, npm's dependency reader, the automation API and a tracing
// library at its start, and zod its words in fifty languages: more than half of the time that a program takes to start. Few programs
// use any of it. Here each is loaded when it is first used.

const Module = require("node:module");

/** Modules by the package whose files ask for them, as they ask. Of some what is in them is taken at once: functions and classes. */
const deferred = [
  { by: "@pulumi/pulumi", requests: ["typescript", "@npmcli/arborist"] },
  { by: "@pulumi/pulumi", file: "index.js", requests: ["./automation"] },
  {
    by: "@pulumi/pulumi",
    file: "cmd/run/tracing.js",
    requests: [
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace-base",
      "@opentelemetry/exporter-zipkin",
      "@opentelemetry/instrumentation-grpc",
      "@opentelemetry/sdk-trace-node",
      "@opentelemetry/instrumentation",
    ],
    takesMembers: true,
  },
  { by: "zod", requests: ["../locales/index.cjs"] },
];
const load = Module._load;

Module._load = function (request, parent, isMain) {
  const loadNow = () => {
    try {
      return load.call(this, request, parent, isMain);
    } catch (error) {
      throw withoutThisFile(error);
    }
  };
  const rule = ruleFor(request, parent?.filename);
  return rule === undefined ? loadNow() : loadedOnUse(loadNow, rule.takesMembers === true);
};

/** A module that is missing is the program's matter: its own lines are to be seen, not this file's, of which there is one a module. */
function withoutThisFile(error) {
  if (error instanceof Error && typeof error.stack === "string") {
    const lines = error.stack.split("\n");
    error.stack = lines.filter((line) => !line.includes(`(${__filename}:`)).join("\n");
  }
  return error;
}

function ruleFor(request, asking) {
  const rules = deferred.filter(({ requests }) => requests.includes(request));
  if (rules.length === 0 || asking === undefined) return undefined;
  const [, file] = /^.*[\\/]node_modules[\\/](.+)$/.exec(asking) ?? [];
  const name = file?.replaceAll("\\", "/") ?? "";
  return rules.find((rule) =>
    rule.file === undefined ? name.startsWith(`${rule.by}/`) : name === `${rule.by}/${rule.file}`,
  );
}

function loadedOnUse(loadNow, takesMembers) {
  let loaded;
  const module = () => {
    loaded ??= loadNow();
    return loaded;
  };
  return new Proxy(
    {},
    {
      get: (_, name) => {
        // What compiled code asks of every module before it uses one: with a yes it takes the module as it is.
        if (name === "__esModule") return true;
        return takesMembers ? usedLater(() => module()[name]) : module()[name];
      },
      has: (_, name) => name in module(),
      ownKeys: () => Reflect.ownKeys(module()),
      getOwnPropertyDescriptor: (_, name) => {
        const property = Object.getOwnPropertyDescriptor(module(), name);
        return property === undefined ? undefined : { ...property, configurable: true };
      },
    },
  );
}

/** A function or a class that is taken out of its module before it is used. */
function usedLater(member) {
  // A class may be called and constructed.
  return new Proxy(class {}, {
    apply: (_, self, words) => Reflect.apply(member(), self, words),
    construct: (_, words) => Reflect.construct(member(), words),
    get: (_, name) => member()[name],
  });
}
