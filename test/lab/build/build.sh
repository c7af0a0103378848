#!/bin/bash
# build.sh COMPONENT DEST: the programs of one component (a folder beside this file holding go.mod and go.sum), built
# static into DEST. DEST appears whole or not at all, and two runs that ask for the same one build it once.
set -euo pipefail
component=$1 dest=$2
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$(dirname "$dest")"
exec 9>"$dest.lock"
flock 9
[ -d "$dest" ] && exit 0

parts=$(mktemp -d "$dest.partial.XXXXXX")
trap 'rm -rf "$parts"' EXIT
cd "$here/$component"
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-buildvcs=false -mod=readonly"

build() { go build -trimpath -ldflags "$1" -o "$parts/$2" "$3"; }
case $component in
  kubernetes)
    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
    minor=${version#v1.}
    # kubeadm and the kubelet compare these at run time; without them both call themselves v0.0.0.
    stamp="-s -w"
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
      stamp+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
    done
    go build -trimpath -ldflags "$stamp" -o "$parts/" tool
    ;;
  etcd-3.3)
    build "-s -w" etcd github.com/coreos/etcd
    build "-s -w" etcdctl github.com/coreos/etcd/etcdctl
    ;;
  etcd-*)
    # The package is called server/v3, so `go build tool` would name the program after it.
    build "-s -w" etcd go.etcd.io/etcd/server/v3
    build "-s -w" etcdctl go.etcd.io/etcd/etcdctl/v3
    build "-s -w" etcdutl go.etcd.io/etcd/etcdutl/v3
    ;;
  pause) build "-s -w" pause . ;;
  *)
    echo "build.sh: no component is called $component" >&2
    exit 64
    ;;
esac
chmod 755 "$parts"
mv -T "$parts" "$dest"
