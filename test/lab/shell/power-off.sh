#!/bin/bash
# power-off.sh SLOT HOST: what a power cut does: every process ends at once, the network is gone, the disk stays.
set -euo pipefail
source "$(dirname "$0")/cgroups.sh"
end_groups "$1-$2"
if [ -e "/run/netns/q$1-$2" ]; then ip netns del "q$1-$2"; fi
