// Preloaded into programs. The Pulumi SDK loads a TypeScript compiler and npm's dependency reader at its start, half of the time that
// a program takes to start; it uses them to send functions elsewhere and to analyse component packages, which few programs do. Here
// each is loaded when it is first used.

const Module = require("node:module");

const deferred = new Set(["typescript", "@npmcli/arborist"]);
const load = Module._load;

Module._load = function (request, parent, isMain) {
  const isOfSdk = /[\\/]node_modules[\\/]@pulumi[\\/]pulumi[\\/]/.test(parent?.filename ?? "");
  return deferred.has(request) && isOfSdk
    ? loadedOnUse(() => load.call(this, request, parent, isMain))
    : load.call(this, request, parent, isMain);
};

function loadedOnUse(loadNow) {
  let loaded;
  const module = () => {
    loaded ??= loadNow();
    return loaded;
  };
  return new Proxy(
    {},
    {
      // What compiled code asks of every module before it uses one: with a yes it takes the module as it is.
      get: (_, name) => (name === "__esModule" ? true : module()[name]),
      has: (_, name) => name in module(),
      ownKeys: () => Reflect.ownKeys(module()),
      getOwnPropertyDescriptor: (_, name) => {
        const property = Object.getOwnPropertyDescriptor(module(), name);
        return property === undefined ? undefined : { ...property, configurable: true };
      },
    },
  );
}
