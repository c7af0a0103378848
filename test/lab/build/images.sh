#!/bin/bash
# images.sh KUBERNETES ETCD PAUSE DEST: a containerd root directory at DEST that holds the images of a kubeadm control plane, each
# made of one program and nothing else. There is no registry: a host gets a copy of this directory.
set -euo pipefail
kubernetes=$1 etcd=$2 pause=$3 dest=$4

mkdir -p "$(dirname "$dest")"
exec 9>"$dest.lock"
flock 9
[ -d "$dest" ] && exit 0
parts=$(mktemp -d "$dest.partial.XXXXXX")
scratch=$(mktemp -d)
daemon=
stop() { if [ -n "$daemon" ] && kill "$daemon" 2>/dev/null; then wait "$daemon" || true; fi; }
trap 'stop; rm -rf "$parts" "$scratch"' EXIT

version=$("$kubernetes/kubectl" version --client -o json | jq -r .clientVersion.gitVersion)
mapfile -t wanted < <("$kubernetes/kubeadm" config images list --kubernetes-version "$version" 2>/dev/null)
named() { printf '%s\n' "${wanted[@]}" | grep "/$1:"; }

cat >"$scratch/config.toml" <<CONFIG
version = 2
root = "$parts"
state = "$scratch/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$scratch/containerd.sock"
CONFIG
containerd --config "$scratch/config.toml" >"$scratch/containerd.log" 2>&1 9>&- &
daemon=$!
ask() { ctr --address "$scratch/containerd.sock" --namespace k8s.io "$@"; }
deadline=$((SECONDS + 30))
until ask version >/dev/null 2>&1; do
  if [ $SECONDS -ge $deadline ]; then cat "$scratch/containerd.log" >&2; exit 1; fi
  sleep 0.1
done

# image NAME ENTRYPOINT PROGRAM...: the programs in /usr/local/bin; PATH has to be in the image's configuration.
image() {
  local name=$1 entrypoint=$2 program sum config
  shift 2
  rm -rf "$scratch/image"
  mkdir -p "$scratch/image/root/usr/local/bin" "$scratch/image/root/etc"
  mkdir -m 1777 "$scratch/image/root/tmp"
  for program in "$@"; do ln "$program" "$scratch/image/root/usr/local/bin/" 2>/dev/null || cp "$program" "$scratch/image/root/usr/local/bin/"; done
  tar -C "$scratch/image/root" --sort=name --owner=0 --group=0 --numeric-owner -cf "$scratch/image/layer.tar" .
  sum=$(sha256sum "$scratch/image/layer.tar" | cut -d' ' -f1)
  jq -n --arg sum "sha256:$sum" --argjson entrypoint "$entrypoint" --arg architecture "$(go env GOARCH)" '{
    architecture: $architecture, os: "linux",
    config: {Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Entrypoint: $entrypoint},
    rootfs: {type: "layers", diff_ids: [$sum]}}' >"$scratch/image/config.json"
  jq -n --arg name "$name" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' >"$scratch/image/manifest.json"
  tar -C "$scratch/image" -cf "$scratch/image.tar" config.json manifest.json layer.tar
  ask images import "$scratch/image.tar" >/dev/null
}
for program in kube-apiserver kube-controller-manager kube-scheduler; do image "$(named $program)" null "$kubernetes/$program"; done
# kubeadm's own etcd version is not always to be had from the Go proxy; the one that is takes its name.
image "$(named etcd)" null "$etcd"/*
image "$(named pause)" '["/usr/local/bin/pause"]' "$pause/pause"
# The same program under another name, or the node would report the application's image as pause.
cp "$pause/pause" "$scratch/app"
image registry.local/app:1 '["/usr/local/bin/app"]' "$scratch/app"

stop
daemon=
rm -rf "$parts/tmpmounts"
chmod 711 "$parts"
mv -T "$parts" "$dest"
