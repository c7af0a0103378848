// What a recovery inventory is derived from and what comes of it: facts about the live cluster, what the operator asked
// for, the procedure, preparation, proof and violations. Plain data; the rules are in src/inventory.

import type { EtcdVerdictKind } from "./etcd-verdict";
import type { SourcePosition } from "./inventory";

/** How etcd is run on a host. */
export type EtcdDeployment = "host" | "docker" | "kubeadm";

/** What was seen of one inventory host. */
export interface HostFacts {
  /** Inventory name. */
  readonly host: string;
  readonly isReachable: boolean;
  /** undefined when not seen. */
  readonly deployment?: EtcdDeployment | undefined;
  /** The host's own member; undefined when the cluster lists none for it, or nothing could be seen. */
  readonly member?:
    | {
        /** Hex, as etcdctl prints it. */
        readonly id: string;
        readonly name: string;
        readonly peerUrl: string;
      }
    | undefined;
  /** Its member is a voter, and answers. In a lost quorum: its data could be read. */
  readonly isHealthyVoter: boolean;
  /** Raft index of its data; a 64-bit number. undefined when it could not be read. */
  readonly raftIndex?: bigint | undefined;
  /** Newest revision of its data; undefined when it could not be read. */
  readonly revision?: bigint | undefined;
  /** Version of the installed etcd, `3.5.21`; undefined when not seen. */
  readonly etcdVersion?: string | undefined;
  /** Are ca.pem and ca-key.pem in the etcd certificate directory? undefined when not seen. */
  readonly hasCaKey?: boolean | undefined;
  /** Does its API server answer? undefined when it has none or it was not seen. */
  readonly apiServerAnswers?: boolean | undefined;
  /** Are its control plane's static pods as they should be? undefined when not seen. */
  readonly isControlPlaneBroken?: boolean | undefined;
}

/** What was seen of the cluster. */
export interface EtcdFacts {
  readonly verdict: EtcdVerdictKind;
  /** Lost quorum: enough members are whole, and starting them brings it back. Default: false. */
  readonly canBeStarted?: boolean | undefined;
  /** One for each host that was asked. */
  readonly hosts: readonly HostFacts[];
}

/** A host that takes the place of another under a new name. */
export interface HostReplacement {
  readonly oldHost: string;
  readonly newHost: string;
  readonly address: string;
}

/** Where the data comes from when the quorum is lost. */
export type DataSource =
  | { readonly kind: "none" }
  /** A snapshot file on the Ansible controller. */
  | { readonly kind: "snapshot"; readonly path: string }
  | { readonly kind: "survivor"; readonly host: string };

/** Which tree the playbook comes from: kubespray itself, or tacoplay around it (seed 003). */
export type Flavor = "kubespray" | "taco";

/** The kubespray tree that will be used. */
export interface KubesprayTree {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** Playbook file below the tree; undefined when the tree is not at hand. */
  readonly playbook?: string | undefined;
  /** Folder of the tree; undefined when only its version is known. */
  readonly directory?: string | undefined;
}

/** What the operator asked for. */
export interface RecoveryRequest {
  /** Hosts whose etcd is broken; undefined: take those observed. */
  readonly brokenEtcd?: readonly string[] | undefined;
  /** Hosts whose control plane is broken; undefined: take those observed. */
  readonly brokenControlPlane?: readonly string[] | undefined;
  readonly replacements: readonly HostReplacement[];
  readonly source: DataSource;
  readonly flavor: Flavor;
  /** undefined when neither the tree nor its version was given. */
  readonly tree?: KubesprayTree | undefined;
  /** Path by which the command names the inventory. */
  readonly inventoryAs: string;
  /** Path by which the command names quorate's own variables. */
  readonly recoveryVarsAs: string;
  /** Archive of the certificates on the controller, to be put on first hosts that lost theirs; undefined: put there by hand. */
  readonly pkiBackup?: string | undefined;
  /** Run the unlimited cluster.yml afterwards. */
  readonly withFollowUp: boolean;
  /** The ansible-playbook that recover.sh runs, absolute; undefined: the one in PATH. */
  readonly ansible?: string | undefined;
  /**
   * How many recoveries of this site were started before. From the second on what was done for another one is done anew,
   * and a source that was named for a quorum that the votes show to be back is done with. Default: 0.
   */
  readonly attempt?: number | undefined;
}

/** Who does what in a recovery. */
export type Procedure =
  /** No etcd host is broken: only control plane nodes are rebuilt. */
  | { readonly kind: "control-plane-only" }
  /** Quorum kept: the broken members are removed and join anew. */
  | { readonly kind: "replace-members" }
  /** Quorum lost: the playbook restores one member from the source; the others join it. */
  | { readonly kind: "restore-by-playbook" }
  /** Quorum lost where the playbook's own restore cannot be trusted: quorate restores, then the playbook joins the others. */
  | { readonly kind: "restore-by-quorate"; readonly because: string };

/** Stable name of a reason why no inventory is written. */
export type ViolationCode =
  | "ansible-version"
  | "ca-key-missing"
  | "contradicting-variable"
  | "control-plane-group-missing"
  | "data-source-behind"
  | "data-source-missing"
  | "data-source-not-a-survivor"
  | "data-source-not-needed"
  | "data-source-used"
  | "declared-broken-but-healthy"
  | "duplicate-host"
  | "duplicate-member-name"
  | "etcd-group-missing"
  | "even-etcd-count"
  | "extra-vars-override"
  | "kubeadm-etcd"
  | "kubespray-version-unknown"
  | "kubespray-version-unsupported"
  | "main-address-unknown"
  | "member-name-pinned-elsewhere"
  | "no-control-plane-source"
  | "nothing-broken"
  | "observed-broken-not-declared"
  | "proof-failed"
  | "replacement-name"
  | "unknown-host"
  | "unreachable-not-named"
  | "verdict";

/** A rule that cannot be met. */
export interface Violation {
  readonly code: ViolationCode;
  /** What is wrong, with the host or file. */
  readonly message: string;
  /** The smallest change that would meet the rule. */
  readonly smallestChange: string;
  /** Line of the original that it is about; undefined when it is about no single line. */
  readonly position?: SourcePosition | undefined;
}

/** Work that the playbook leaves out and that comes before it, in this order. */
export type PreparationStep =
  /** Save a snapshot and the certificates, and bring both to the controller. */
  | { readonly kind: "preserve"; readonly host: string; readonly withSnapshot: boolean }
  /** Stop etcd and move its data directory aside. `isOptional`: the host may be gone for good. */
  | { readonly kind: "stopAndArchive"; readonly host: string; readonly isOptional: boolean }
  /** Remove a member by its name (and its id, where it was observed) through a surviving host. */
  | {
      readonly kind: "removeMember";
      readonly via: string;
      readonly memberName: string;
      readonly memberId: string | undefined;
    }
  /** Delete exactly these hosts' certificates on the first etcd host, where the playbook's own pattern would take more. */
  | { readonly kind: "deleteCertificates"; readonly on: string; readonly of: readonly string[] }
  /** Have the etcd CA and its key on the first etcd host: copied from another, or from the backup, or already there. */
  | {
      readonly kind: "placeEtcdCa";
      readonly on: string;
      readonly from: readonly string[];
      readonly backup: string | undefined;
    }
  /** Have the cluster's certificates on the first control plane host. */
  | { readonly kind: "placeKubernetesPki"; readonly on: string; readonly backup: string | undefined }
  /** Restore a one-member cluster from a snapshot or from its own data. */
  | {
      readonly kind: "restore";
      readonly on: string;
      readonly memberName: string;
      /** Snapshot on the controller; undefined: the one that "preserve" saved. */
      readonly snapshot: string | undefined;
    };

/** One rule and what meets it. */
export interface ProvenRule {
  /** Stable name. */
  readonly rule: string;
  /** What the rule asks, one sentence. */
  readonly title: string;
  /** "not-needed": the rule is about something that this recovery does not do. */
  readonly status: "met" | "not-needed";
  /** Why it holds, one sentence. */
  readonly because: string;
  /** Lines of the written files that show it. */
  readonly evidence: readonly EvidenceLine[];
}

/** A line of a written file. */
export interface EvidenceLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A host's variable that differs from the original's on purpose. */
export interface VariableChange {
  readonly host: string;
  readonly name: string;
  /** undefined: not set before. */
  readonly before: string | undefined;
  /** undefined: no longer set. */
  readonly after: string | undefined;
}

/** All that is shown to hold. */
export interface Proof {
  readonly procedure: Procedure;
  readonly rules: readonly ProvenRule[];
  readonly preparation: readonly PreparationStep[];
  readonly changes: readonly VariableChange[];
  /** What the operator should know, one sentence each: deviations from a naive inventory, things that could not be checked. */
  readonly notes: readonly string[];
  /** What is left to do after the playbook, one sentence each. */
  readonly followUp: readonly string[];
}

/** A file to write. */
export interface RenderedFile {
  /** Below the output folder, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly isExecutable: boolean;
}

/** Derived and proven, or refused. */
export type RecoveryResult =
  | {
      readonly kind: "proven";
      readonly files: readonly RenderedFile[];
      readonly proof: Proof;
      readonly command: string;
    }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };
