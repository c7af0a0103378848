// All that a repair of a BOSH deployment needs: its director, the inside of its instances by `bosh ssh`, the etcd of its
// quorum groups by the same way.

import { homedir } from "node:os";
import { join } from "node:path";
import { openEtcdMembers } from "../adapters/bosh-director/etcd-members";
import { openInstances } from "../adapters/bosh-director/instance-access";
import {
  gatewayFromVariables,
  leftShellUsers,
  removeLeftShellUsers,
  type ShellOptions,
} from "../adapters/bosh-director/instance-shell";
import { ShellRecords } from "../adapters/bosh-director/shell-records";
import { isHolderAlive } from "../adapters/pause-holder";
import { systemClock } from "../adapters/system-clock";
import type { BoshReach } from "../converge/bosh-observe";
import { openQuorum } from "../converge/bosh-quorum";
import type { DirectorInput } from "../model/director-declaration";
import type { EtcdDeclaration } from "../model/etcd-declaration";
import type { Clock } from "../ports/clock";
import type { OpenDirector } from "./open-director";

/** What is declared of the ways into a deployment. */
export interface BoshAccessInput {
  readonly director: DirectorInput;
  readonly deployment: string;
  /** Group -> its etcd; its members are named by the instance's UUID. */
  readonly etcds: Readonly<Record<string, EtcdDeclaration>>;
  /** Folder on the operator's machine; undefined: below {@link stateDirectory}. */
  readonly snapshotDirectory: string | undefined;
}

/** The ways into a deployment. */
export interface OpenedBosh {
  readonly reach: BoshReach;
  readonly clock: Clock;
  /** Users that a killed run left on instances, one sentence each; nothing is changed. */
  leftUsers(): readonly string[];
  /** Removes them; one sentence for each. */
  removeLeftUsers(): Promise<readonly string[]>;
}

/** Opens the ways into a deployment. @throws RecoveryError when the director cannot be asked who it is. */
export type OpenBosh = (input: BoshAccessInput) => Promise<OpenedBosh>;

/** Where quorate keeps what has to outlive a run on this machine. Source: XDG base directory specification. */
export function stateDirectory(variables: NodeJS.ProcessEnv = process.env): string {
  return join(variables.XDG_STATE_HOME || join(homedir(), ".local", "state"), "quorate");
}

/** Shells of this operator on instances of any director, until their users are gone. */
export function shellRecords(): ShellRecords {
  return new ShellRecords(join(stateDirectory(), "bosh-shells"));
}

/** Opens deployments through directors opened by `openDirector`. */
export function openBoshFrom(openDirector: OpenDirector, clock: Clock = systemClock()): OpenBosh {
  return async ({ director: access, deployment, etcds, snapshotDirectory }) => {
    const director = openDirector(access);
    const { uuid } = await director.observeDirector();
    const shells: ShellOptions = {
      director,
      directorUuid: uuid,
      records: shellRecords(),
      gateway: gatewayFromVariables(process.env),
    };
    const kept = snapshotDirectory ?? join(stateDirectory(), "snapshots", deployment);
    const quorum = openQuorum({
      etcds,
      open: (_deployment, group, etcd) => openEtcdMembers({ shells, deployment, group, etcd, snapshotDirectory: kept }),
    });
    return {
      reach: { director, instances: openInstances(shells), quorum, isHolderAlive },
      clock,
      leftUsers: () => leftShellUsers(shells),
      removeLeftUsers: () => removeLeftShellUsers(shells),
    };
  };
}
