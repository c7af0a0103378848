#!/bin/bash
# Stands before ssh on the PATH of a command under test. A step's script that it carries stops before the effect that
# $QUORATE_TEST_HOLD/point counts to (from 0, over all scripts), says so on the node, and goes on once it is let go there.
hold=$QUORATE_TEST_HOLD
real=/usr/bin/ssh
case "$*" in *"sh -s"*) ;; *) exec "$real" "$@" ;; esac
script=$(mktemp "$hold/script.XXXXXX")
cat >"$script"
if grep -q '^# effect: ' "$script"; then
  held=$(mktemp "$hold/held.XXXXXX")
  (
    flock 9
    awk -v n="$(cat "$hold/count" 2>/dev/null || echo 0)" -v point="$(cat "$hold/point")" -v count="$hold/count" -v seen="$hold/effects" '
      /^# effect: / {
        if (n == point) print "touch /run/quorate-held; while [ ! -e /run/quorate-let-go ]; do sleep 0.1; done"
        print $3 >> seen
        n++
      }
      { print }
      END { print n > count }' "$script" >"$held"
  ) 9>"$hold/lock"
  exec "$real" "$@" <"$held"
fi
exec "$real" "$@" <"$script"
