#!/bin/bash
# packages.sh PACKAGE...: installs Debian packages without starting what they bring.
set -euo pipefail
exec 9>/run/lock/quorate-lab-packages.lock
flock 9
# policy-rc.d keeps daemons from being started. One that is there already is somebody's choice and stays.
policy=/usr/sbin/policy-rc.d
if (set -o noclobber && printf '#!/bin/sh\nexit 101\n' >"$policy") 2>/dev/null; then
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "$@"
