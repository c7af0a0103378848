// The membership that a member is started with, and the declared Pod with it filled in. etcd reads it once, when there is
// no data yet, and it has to be exact: every listed member and no other.

import type { EtcdDefinition, EtcdMember } from "../../model/etcd-observation";
import type { EtcdMemberSettings } from "../../model/etcd-settings";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../../model/json";

/** One entry of --initial-cluster. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrl: string;
}

/** A member as it is listed; one that a step is yet to add has no id. */
export type Listed = Pick<EtcdMember, "name" | "peerUrls" | "isLearner"> & {
  readonly id: EtcdMember["id"] | undefined;
};

/** The entry that adding a member makes. Its name is empty in etcd's list until it starts; joining members may name it. */
export function announced(name: string, peerUrl: string, isLearner: boolean): Listed {
  return { id: undefined, name, peerUrls: [peerUrl], isLearner };
}

/** The flags that belong to the etcd plan and to nobody else. */
export const membershipFlags = [
  "--initial-cluster",
  "--initial-cluster-state",
  "--initial-cluster-token",
  "--force-new-cluster",
] as const;

/**
 * Every member of a list and the starting one, sorted by name. A name that another member has too would make etcd take
 * both addresses for its own, so that a member without a name of its own is named after its id.
 */
export function initialCluster(list: readonly Listed[], self: EtcdMemberSettings): readonly InitialMember[] {
  const others = list.filter((member) => !member.peerUrls.includes(self.peerUrl));
  const taken = new Set([self.name]);
  const entries = others.flatMap((member) => {
    const [peerUrl] = member.peerUrls;
    const name = member.name === "" || taken.has(member.name) ? `member-${member.id ?? taken.size}` : member.name;
    taken.add(name);
    return peerUrl === undefined ? [] : [{ name, peerUrl }];
  });
  return sortByName([...entries, { name: self.name, peerUrl: self.peerUrl }]);
}

/** The declared members, sorted by name. */
export function declaredCluster(members: readonly EtcdMemberSettings[]): readonly InitialMember[] {
  return sortByName(members.map(({ name, peerUrl }) => ({ name, peerUrl })));
}

/** --initial-cluster's value. */
export function initialClusterText(members: readonly InitialMember[]): string {
  return members.map((member) => `${member.name}=${member.peerUrl}`).join(",");
}

/** The Pod with its membership flags taken out and these put in, at the end of the etcd container's command. */
export function podWithMembership(
  pod: JsonObject,
  podName: string,
  members: readonly InitialMember[],
  token: string,
): JsonObject {
  const { spec } = pod;
  if (!isJsonObject(spec) || !isJsonList(spec.containers)) return pod;
  const all = spec.containers;
  const containers = all.map((container): JsonValue => {
    if (!isJsonObject(container) || !runsEtcd(container, podName, all)) return container;
    const flags = [
      `--initial-cluster=${initialClusterText(members)}`,
      "--initial-cluster-state=existing",
      `--initial-cluster-token=${token}`,
    ];
    // The flags go where the others are: behind a `command` that names etcd, else into `args`.
    const place = isJsonList(container.args) && container.args.length > 0 ? "args" : "command";
    const words = isJsonList(container[place]) ? container[place] : [];
    const other = place === "args" ? "command" : "args";
    const rest = container[other];
    return {
      ...container,
      ...(isJsonList(rest) ? { [other]: withoutMembership(rest) } : {}),
      [place]: [...withoutMembership(words), ...flags],
    };
  });
  return { ...pod, spec: { ...spec, containers } };
}

/** A command line without the flags that belong to the etcd plan, in either way of writing them. */
export function withoutMembership(words: readonly JsonValue[]): readonly JsonValue[] {
  return words.filter((word, index) => {
    const before = words[index - 1];
    const isValueOfFlag = membershipFlags.some((flag) => flag !== "--force-new-cluster" && before === flag);
    return !isValueOfFlag && !membershipFlags.some((flag) => word === flag || String(word).startsWith(`${flag}=`));
  });
}

function runsEtcd(container: JsonObject, podName: string, containers: readonly JsonValue[]): boolean {
  return containers.length === 1 || container.name === podName;
}

/** Would this definition start a member with exactly this membership? */
export function isStartedAs(definition: EtcdDefinition, members: readonly InitialMember[]): boolean {
  const { initialCluster: own, initialClusterState } = definition;
  if (own === undefined || initialClusterState === "new" || definition.isForcingNewCluster) return false;
  return initialClusterText(sortByName(own)) === initialClusterText(members);
}

function sortByName(members: readonly InitialMember[]): readonly InitialMember[] {
  return [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
}
