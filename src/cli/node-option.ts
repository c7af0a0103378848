// Nodes given on the command line, for the commands that need no stack.

import * as path from "node:path";
import { type AccessDeclaration, type ControlPlaneDeclaration, controlPlaneSchema } from "../model/declaration";
import { inputError } from "../model/errors";
import { renderIssue } from "../provider/check-inputs";

/** Collects an option that may be repeated. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/**
 * A declaration of nodes alone, with the services that have to run on each.
 *
 * @throws RecoveryError "input" naming what is wrong with a node.
 */
export function planeOfNodes(
  nodeTexts: readonly string[],
  serviceNames: readonly string[],
  sshConfig: string | undefined,
): ControlPlaneDeclaration {
  const services = Object.fromEntries(serviceNames.map((name) => [name, {}]));
  const nodes = nodeTexts.map((text) => {
    const { name, access } = parseNode(text, sshConfig);
    return [name, { access, services }] as const;
  });
  const names = nodes.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw inputError(`node ${twice} is given twice`);
  const parsed = controlPlaneSchema.safeParse({ nodes: Object.fromEntries(nodes) });
  if (parsed.success) return parsed.data;
  throw inputError("the nodes cannot be used as they are given", { problems: parsed.error.issues.map(renderIssue) });
}

function parseNode(
  text: string,
  configFile: string | undefined,
): { readonly name: string; readonly access: AccessDeclaration } {
  const match = /^([^=]+)=(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text);
  if (match === null)
    throw inputError(`--node ${JSON.stringify(text)} is not <name>=[user@]host[:port]`, {
      hint: "for example --node cp-0=root@10.0.0.10",
    });
  const [, name = "", user, host = "", port] = match;
  return {
    name,
    access: {
      kind: "ssh",
      host: host.replace(/^\[|\]$/g, ""),
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(configFile === undefined ? {} : { configFile: path.resolve(configFile) }),
    },
  };
}
