# the daemon as a service of systemd: VMs outlive its restart, its death, an upgrade and its removal
b daemon stop
home=/var/lib/lab-unit
mkdir -p "$home/cache/banger" "$home/state"
cp -al "$BANGER_HOME/cache/images" "$BANGER_HOME/cache/kernels" "$home/cache/banger/" # the same files, by other names
unset BANGER_HOME # so that the service has the places of root's
export XDG_STATE_HOME=$home/state XDG_CACHE_HOME=$home/cache
unit=/etc/systemd/system/bangerd.service
# What lab/run gives its daemon, and time, for a host that is slow in all it does.
mkdir -p "$unit.d"
printf '[Service]\nEnvironment=%s\nTimeoutStartSec=300\n' \
    "BANGER_POOL_SIZE=0 BANGER_TEMPLATES=manual BANGER_PATIENCE=10" >"$unit.d/lab.conf"
clean_up() {
    set +e
    b vm ls -q | xargs -r timeout "$limit" banger vm delete
    b system uninstall
    b daemon stop
    rm -rf "$home" "$unit.d"
    systemctl daemon-reload
}
trap clean_up EXIT
limit=300
property() {
    systemctl show -p "$1" --value bangerd.service
}
same() { # WHEN: the VM is the one it was
    is "the state $1" running "$(show unit state)"
    is "the VMM $1" "$pid" "$(show unit pid)"
    is "the boot $1" "$boot" "$(boot_id unit)"
}
another() { # wait_for's: the service has another process than $main, and is ready
    [ "$(property MainPID)" != "$main" ] && [ "$(property ActiveState)" = active ]
}

is "the status without a service" 3 "$(status_of b system status)"
b system install
is "the service" "active running enabled notify" "$(property ActiveState) $(property SubState) $(property UnitFileState) $(property Type)"
is "the daemon" "$(property MainPID)" "$(daemon_pid)"
is "the run directory" "700 root" "$(stat -c '%a %U' /run/banger)"
create --name unit
boot=$(boot_id unit)
pid=$(show unit pid)
b vm exec unit -- sh -c 'echo kept >/root/file; sync'

main=$(property MainPID)
systemctl restart bangerd.service
another || fail "systemctl restart left process $main"
same "after systemctl restart"
main=$(property MainPID)
b system restart
another || fail "banger system restart left process $main"
same "after banger system restart"
main=$(property MainPID)
kill -9 "$main"
wait_for "$limit" "a new process of the service" another
same "after the daemon was killed"
is "the daemon" "$(property MainPID)" "$(daemon_pid)"
main=$(property MainPID)
cp -a /opt/banger "$home/newer"
echo 0123456789abcdef >"$home/newer/lib/build-id"
b() { # a client of one build does not talk to the daemon of another
    timeout "$limit" "$home/newer/bin/banger" "$@" </dev/null
}
b system install
another || fail "the install of another build left process $main"
is "the build of the daemon" 0123456789abcdef "$(b daemon status --json | sed -n 's/.*"build": "\([^"]*\)".*/\1/p')"
same "after an upgrade to another build"

b system uninstall
[ ! -e "$unit" ] && [ ! -e /etc/systemd/system/multi-user.target.wants/bangerd.service ] || fail "the unit is left"
[ ! -e /run/banger ] || fail "/run/banger is left"
[ -e "/proc/$pid" ] || fail "process $pid did not outlive the service"
same "without the service"
is "the file" kept "$(b vm exec unit -- cat /root/file)"
[ "$(daemon_pid)" != "$main" ] || fail "process $main is left"
directory=$(show unit directory)
tap=$(handle "$directory" tap)
b vm delete unit
holds_nothing "$directory" "$tap"
