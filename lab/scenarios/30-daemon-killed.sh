# a VM outlives a daemon that is killed, and is the same one afterwards
# quick
create --name outlive
before=$(boot_id outlive)
pid=$(show outlive pid)
kill -9 "$(daemon_pid)"
wait_for 60 "a new daemon" b vm ls
is "the state" running "$(show outlive state)"
is "the VMM" "$pid" "$(show outlive pid)"
is "the boot" "$before" "$(boot_id outlive)"
b vm delete outlive
[ ! -e "/proc/$pid" ] || fail "process $pid is left"
