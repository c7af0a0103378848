#!/bin/sh
# Recovery: quorum kept, broken etcd members are replaced.
# Read PROOF.md beside this file first. Work that the playbook leaves out is in prepare.yml, which runs before it; what has
# to hold afterwards is in verify.yml, which runs at the end.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${KUBESPRAY_DIR:-.}"

if [ -e "$here/finished" ]; then
  echo "this recovery came to its end before ($(cat "$here/finished")); nothing is done again"
  exit 0
fi
# Run twice, it would take a half recovered cluster for the broken one that this inventory was proven for.
if [ -e "$here/started" ]; then
  echo "recover.sh was started before ($(cat "$here/started")). The cluster has changed since: look at it and derive a new inventory with quorate inventory --observe." >&2
  exit 1
fi

# kubespray v2.24.1 needs ansible-core from 2.15.5 to below 2.17.0.
version=$(ansible-playbook --version | sed -n '1s/^ansible-playbook [^0-9]*\([0-9][0-9.]*\).*/\1/p')
if ! printf '%s\n' 2.15.5 "$version" | sort -V -C || ! printf '%s\n' "$version" 2.17.0 | sort -V -C || [ "$version" = 2.17.0 ]; then
  echo "ansible-playbook is version ${version:-unknown}. kubespray v2.24.1 needs ansible-core from 2.15.5 to below 2.17.0." >&2
  exit 1
fi

umask 077
if [ -n "${QUORATE_TIED:-}" ]; then
  # Whoever started this keeps what is printed. So that no secret of a task gets there, all of it goes to a file of the
  # operator's own, and only names of tasks, hosts and the recap are printed.
  log=$here/ansible.log
  group=$(ps -o pgid= -p $$ | tr -d ' ')
  if [ "$group" != "$$" ] && command -v setsid >/dev/null; then exec setsid sh "$0"; fi
  # When the one who started this is gone, nobody can stop a playbook any more: it must not go on alone.
  (
    trap '' INT TERM HUP
    while kill -0 "$PPID" 2>/dev/null && kill -0 $$ 2>/dev/null; do sleep 1; done
    if [ "$group" = "$$" ]; then
      kill -s INT -- -$$; sleep 5; kill -s KILL -- -$$
    fi
  ) </dev/null >/dev/null 2>&1 &
  watcher=$!
  trap 'kill -KILL $watcher 2>/dev/null || true' EXIT
fi

# Prints what tells how far it is. What a task answers may hold secrets and is left to the file. A task that fails may be
# meant to, or be rescued: only the hosts that the recap calls failed or unreachable are told as the reason.
show() {
  trap '' INT TERM HUP
  recap=
  told=
  task=
  newline='
'
  failures=$newline
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line" >> "$log"
    case $line in
      "PLAY RECAP "*) recap=yes; printf '%s\n' "$line" ;;
      "PLAY ["*) printf '%s\n' "$line" ;;
      "TASK ["* | "RUNNING HANDLER ["*) task=${line%%]*}]; printf '%s\n' "$task" ;;
      "changed: ["*) printf '%s\n' "${line%%]*}]" ;;
      "fatal: ["* | "failed: ["*)
        host=${line#*\[}
        printf '%s\n' "${line%%]*}]"
        # A delegated task says "host -> delegate".
        host=${host%%]*}
        failures="$failures${host%% *}: $task$newline"
        ;;
      *)
        if [ -n "$recap" ]; then
          printf '%s\n' "$line"
          case $line in *" unreachable="[1-9]* | *" failed="[1-9]*) tell "${line%% *}" ;; esac
        fi
        ;;
    esac
  done
  if [ -e "$here/.failed" ] && [ -z "$told" ]; then
    printf 'ansible-playbook ended without a recap: what it said is in %s\n' "$log" >&2
  fi
}

# Says which task a host has failed in: the last one that it failed.
tell() {
  told=yes
  last=${failures##*"$newline$1: "}
  [ "$last" != "$failures" ] || last='a task'
  printf '%s failed on %s: its answer is in %s\n' "${last%%"$newline"*}" "$1" "$log" >&2
}

# Runs one ansible-playbook to its end.
play() {
  if [ -z "${QUORATE_TIED:-}" ]; then
    "$@"
    return
  fi
  # Until it has succeeded it has failed, also when what should say so is ended with it.
  echo 1 > "$here/.failed"
  { if "$@" </dev/null 2>&1; then rm "$here/.failed"; else echo $? > "$here/.failed"; fi; } | show
  if [ -e "$here/.failed" ]; then
    code=$(cat "$here/.failed")
    rm "$here/.failed"
    exit "$code"
  fi
}

play \
ansible-playbook -b -i recovery/hosts.ini -e @recovery/recovery-vars.yml "$here/prepare.yml"
date -u +%Y-%m-%dT%H:%M:%SZ > "$here/started"
play \
ansible-playbook -b -i recovery/hosts.ini -e @recovery/recovery-vars.yml recover-control-plane.yml --limit etcd,kube_control_plane
play \
ansible-playbook -b -i recovery/hosts.ini -e @recovery/recovery-vars.yml "$here/verify.yml"
date -u +%Y-%m-%dT%H:%M:%SZ > "$here/finished"
