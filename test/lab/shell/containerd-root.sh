#!/bin/bash
# containerd-root.sh MACHINES HOST: gives a switched-off host a containerd that knows the images and has no container yet. Image
# contents never change, so all hosts share them; the databases are each host's own.
set -euo pipefail
machines=$1 root=$1/$2/mounts/var-lib-containerd
rm -rf "$root"
mkdir -p "$machines/$2/mounts/var-lib-kubelet"
cp -al "$machines/images" "$root"
(cd "$machines/images" && find . -name '*.db') | while read -r database; do
  cp --remove-destination "$machines/images/$database" "$root/$database"
done
