// A Pod as the text of a manifest. Written the way kubeadm writes its manifests: keys sorted, two spaces, lists not indented.

import { stringify } from "yaml";
import { type JsonObject, sortKeys } from "../model/json";

/**
 * The YAML text of a manifest; the same Pod always gives the same text. Words that YAML 1.1 takes for something else
 * ("yes", "0777", "1e3") are quoted, because the kubelet reads YAML 1.1.
 */
export function renderManifest(pod: JsonObject): string {
  return stringify(sortKeys(pod), {
    compat: "yaml-1.1",
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}
