# Sourced. A lab's hosts live in cgroups of their own, quorate-lab-SLOT-HOST, in every hierarchy, below whatever group
# the lab was opened from. Whatever runs in them was started by the lab, and nothing else is.

# groups_of PATTERN: the groups called quorate-lab-PATTERN and all below them, the deepest first.
groups_of() {
  find /sys/fs/cgroup/ -depth -type d \( -path "*/quorate-lab-$1" -o -path "*/quorate-lab-$1/*" \) 2>/dev/null || true
}

# end_groups PATTERN: kills all that runs in these groups and removes them.
end_groups() {
  local group process deadline=$((SECONDS + 20))
  while [ -n "$(groups_of "$1")" ]; do
    if [ $SECONDS -ge $deadline ]; then
      echo "processes of $1 do not end" >&2
      return 1
    fi
    for group in $(groups_of "$1"); do
      # A frozen process dies only when it is thawed.
      if [ -w "$group/freezer.state" ]; then echo THAWED >"$group/freezer.state" 2>/dev/null || true; fi
      while read -r process; do kill -KILL "$process" 2>/dev/null || true; done <"$group/cgroup.procs" || true
      rmdir "$group" 2>/dev/null || true
    done 2>/dev/null
  done
}
