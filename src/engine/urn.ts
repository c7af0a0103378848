// Names of resources: urn:pulumi:<stack>::<project>::<type, after its parents' types>::<name>.

import { invariantError } from "../model/errors";

/** Type of the resource that stands for the whole stack. */
export const stackType = "pulumi:pulumi:Stack";
const providerPrefix = "pulumi:providers:";

/** What a URN is made of. */
export interface UrnParts {
  /** Types of the parents and of the resource itself, joined by `$`. */
  readonly qualifiedType: string;
  /** The type of the resource itself. */
  readonly type: string;
  readonly name: string;
}

/** Takes a URN apart. */
export function parseUrn(urn: string): UrnParts {
  const [, , qualifiedType, ...name] = urn.split("::");
  if (!urn.startsWith("urn:pulumi:") || qualifiedType === undefined || name.length === 0) {
    throw invariantError(`not a resource name: ${urn}`);
  }
  return {
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

/** Makes the URN of a resource; the stack resource's type does not become part of its children's. */
export function renderUrn(stack: string, project: string, parentUrn: string, type: string, name: string): string {
  const parentType = parentUrn === "" ? stackType : parseUrn(parentUrn).qualifiedType;
  const qualified = parentType === stackType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** Is it the type of a provider, such as pulumi:providers:quorate? */
export function isProviderType(type: string): boolean {
  return type.startsWith(providerPrefix);
}

/** The package that a provider type or a resource type belongs to. */
export function packageOf(type: string): string {
  return isProviderType(type) ? type.slice(providerPrefix.length) : (type.split(":")[0] ?? type);
}

/** The type of a package's provider. */
export function providerTypeOf(packageName: string): string {
  return `${providerPrefix}${packageName}`;
}

/** A provider as resources refer to it: its URN and its id. */
export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

/** Takes a provider reference apart. */
export function parseReference(reference: string): ProviderReference {
  const at = reference.lastIndexOf("::");
  if (at < 0) throw invariantError(`not a provider reference: ${reference}`);
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

/** Writes a provider reference. */
export function renderReference(reference: ProviderReference): string {
  return `${reference.urn}::${reference.id}`;
}
