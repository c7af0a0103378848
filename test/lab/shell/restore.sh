#!/bin/bash
# restore.sh MACHINES HOST: puts a switched-off host's disk back to the snapshot.
set -euo pipefail
machines=$1 host=$2
rm -rf "$machines/$host"
mkdir -p "$machines/$host/work" "$machines/$host/root"
cp -a "$machines/snapshot/$host/." "$machines/$host/"
