// Requests and answers that plugins get and give in more than one call.

import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { type PropertyMap, parseStruct, renderStruct } from "./property-value";
import type { CheckAnswer, DiffAnswer, DiffCall, DiffKind, PropertyDiff } from "./provider";
import { isProviderType, parseUrn } from "./urn";

const diffKinds: Readonly<Record<number, DiffKind>> = {
  0: "add",
  1: "add-replace",
  2: "delete",
  3: "delete-replace",
  4: "update",
  5: "update-replace",
};

/** Writes the request of a diff. */
export function renderDiff(call: DiffCall, keepSecrets: boolean): messages.DiffRequest {
  const { name, type } = parseUrn(call.urn);
  const request = new messages.DiffRequest().setUrn(call.urn).setName(name).setType(type);
  // A provider's own diff carries no id.
  if (!isProviderType(type)) request.setId(call.id);
  request.setOlds(renderStruct(call.oldOutputs, { keepSecrets }));
  request.setOldInputs(renderStruct(call.oldInputs, { keepSecrets }));
  request.setNews(renderStruct(call.newInputs, { keepSecrets }));
  return request.setIgnorechangesList([...call.ignoreChanges]);
}

/** Reads the answer to a check; `fallback` are the inputs when it has none. */
export function parseCheckAnswer(response: messages.CheckResponse, fallback: PropertyMap): CheckAnswer {
  return {
    inputs: response.hasInputs() ? parseStruct(response.getInputs()) : fallback,
    failures: response.getFailuresList().map((failure) => ({
      property: failure.getProperty(),
      reason: failure.getReason(),
    })),
  };
}

/** Reads the answer to a diff. */
export function parseDiffAnswer(response: messages.DiffResponse): DiffAnswer {
  const detailed = new Map<string, PropertyDiff>();
  for (const [path, diff] of response.getDetaileddiffMap().entries()) {
    detailed.set(path, { kind: diffKinds[diff.getKind()] ?? "update", inputDiff: diff.getInputdiff() });
  }
  const code = response.getChanges();
  return {
    changes: code === 1 ? "none" : code === 2 ? "some" : "unknown",
    changedKeys: response.getDiffsList(),
    replaceKeys: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailedDiff: response.getHasdetaileddiff() ? detailed : undefined,
  };
}
