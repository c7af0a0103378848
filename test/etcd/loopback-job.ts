// What a BOSH job has on a node of the loopback cluster.

import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EtcdBinaries, LoopbackCluster } from "./loopback-cluster";

/** A process that stands for what writes to etcd, by the name that the kernel gives it: 15 characters at most. */
export const writerName = "loopbackwriter";

/** Writes one node's job: the file that names the members, and the stand-in for monit that starts etcd by the job's rules. */
export function writeBoshJob(
  binaries: EtcdBinaries,
  cluster: LoopbackCluster,
  names: readonly string[],
  name: string,
  extraFlags: string,
): void {
  const folder = join(cluster.folder, name);
  const member = cluster.member(name);
  writeFileSync(
    join(folder, "utils.sh"),
    `etcd_endpoint_address="${member.clientUrl}"\netcd_peer_address="${member.peerUrl}"\netcd_peers="${cluster.initialCluster(names)}"\n`,
  );
  writeFileSync(
    join(folder, "monit"),
    `#!/bin/bash
cd ${folder} || exit 1
if [ "$2" = ${writerName} ]; then
case $1 in
stop) [ ! -f run/writer ] || kill "$(cat run/writer)" 2>/dev/null || true; rm -f run/writer ;;
start) setsid ./${writerName} 3600 >/dev/null 2>&1 </dev/null & echo $! > run/writer ;;
esac
exit 0
fi
case $1 in
unmonitor) rm -f run/monitored ;;
summary) printf 'Monit 5.33.0 uptime: 1m\\n Service Name  Status         Type\\n etcd          %s  Process\\n' "$([ -f run/monitored ] && echo OK || echo 'Not monitored')" ;;
monitor) : > run/monitored ;;
stop) rm -f run/monitored; [ ! -f run/pid ] || kill "$(cat run/pid)" 2>/dev/null || true ;;
start)
: > run/monitored
# a process that has ended and that nobody has buried yet is no process
if [ -f run/pid ] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat run/pid)/status"; then exit 0; fi
. ./utils.sh
state=existing cluster=$etcd_peers
if [ -e run/first ]; then rm run/first; state=new
elif [ ! -d ${member.dataDirectory}/member ]; then
if [ ${name} = cp-0 ]; then state=new cluster=${name}=$etcd_peer_address
else cluster=$(ETCDCTL_API=3 ${binaries.etcdctl} --endpoints=${names.map((other) => cluster.member(other).clientUrl).join()} member add ${name} --peer-urls "$etcd_peer_address" | grep ETCD_INITIAL_CLUSTER= | cut -d= -f2- | tr -d '"'); fi
fi
setsid ${binaries.etcd} --name=${name} --data-dir=${member.dataDirectory} --listen-client-urls=${member.clientUrl} --advertise-client-urls=${member.clientUrl} --listen-peer-urls=${member.peerUrl} --initial-advertise-peer-urls=${member.peerUrl} --initial-cluster="$cluster" --initial-cluster-state=$state --heartbeat-interval=50 --election-timeout=500 ${extraFlags} >>etcd.log 2>&1 </dev/null &
echo $! > run/pid ;;
esac
`,
  );
  chmodSync(join(folder, "monit"), 0o755);
  copyFileSync("/bin/sleep", join(folder, writerName));
}
