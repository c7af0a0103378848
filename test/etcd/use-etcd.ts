// Real etcd for the suite at hand.

import type { EtcdVersion } from "../lab/etcd-lab";
import { labOrSkip, openTimeoutMs } from "../lab/lab";
import { type EtcdBinaries, openEtcdBinaries } from "./loopback-cluster";

/** The binaries of a version, made ready in `before`; its tests are skipped, with the reason, where that cannot be. */
export function useEtcd(minor: EtcdVersion): () => EtcdBinaries {
  let binaries: EtcdBinaries | undefined;
  before(async function () {
    this.timeout(openTimeoutMs);
    binaries = labOrSkip(this, await openEtcdBinaries(minor));
  });
  return () => {
    if (binaries === undefined) throw new Error(`etcd ${minor} is not ready before the suite's tests`);
    return binaries;
  };
}
