# an ordinary user's daemon as a service of the user's systemd: VMs outlive its restart, its death and its removal
uid=$(id -u lab)
home=/var/lib/lab-user-unit
unit=$(getent passwd lab | cut -d: -f6)/.config/systemd/user/bangerd.service
images=$BANGER_HOME/cache
unset BANGER_HOME
as_user() {
    timeout "$limit" runuser -u lab -- env "XDG_RUNTIME_DIR=/run/user/$uid" "XDG_STATE_HOME=$home/state" "XDG_CACHE_HOME=$home/cache" "$@" </dev/null
}
b() {
    as_user /opt/banger/bin/banger "$@"
}
clean_up() {
    set +e
    for vm in $(b vm ls -q); do
        b vm delete "$vm"
    done
    b system uninstall
    b daemon stop
    loginctl disable-linger lab
    rm -rf "$home" "$unit.d"
}
trap clean_up EXIT
limit=300
property() {
    as_user systemctl --user show -p "$1" --value bangerd.service
}
another() { # wait_for's: the service has another process than $main, and is ready
    [ "$(property MainPID)" != "$main" ] && [ "$(property ActiveState)" = active ]
}
same() { # WHEN: the VM is the one it was
    is "the state $1" running "$(show user-unit state)"
    is "the VMM $1" "$pid" "$(show user-unit pid)"
    is "the boot $1" "$boot" "$(boot_id user-unit)"
}

mkdir -p -m 0711 "$home"
mkdir -p "$home/cache/banger" "$home/state" "$unit.d"
cp -a --sparse=always "$images/images" "$images/kernels" "$home/cache/banger/"
printf '[Service]\nEnvironment=%s\nTimeoutStartSec=300\n' \
    "BANGER_POOL_SIZE=0 BANGER_TEMPLATES=manual BANGER_PATIENCE=10 BANGER_DNS_PORT=42070" >"$unit.d/lab.conf"
chown -R lab: "$home" "$(getent passwd lab | cut -d: -f6)/.config"
loginctl enable-linger lab # the user's systemd runs without a login
wait_for 120 "the user's systemd" as_user systemctl --user show

is "the status without a service" 3 "$(status_of b system status)"
b system install
is "the service" "active running enabled notify" "$(property ActiveState) $(property SubState) $(property UnitFileState) $(property Type)"
is "the daemon" "$(property MainPID)" "$(daemon_pid)"
is "the run directory" "700 lab" "$(stat -c '%a %U' "/run/user/$uid/banger")"
b vm create -q --cpus 1 --memory 256M --vmm qemu --acceleration kvm --name user-unit >/dev/null
boot=$(boot_id user-unit)
pid=$(show user-unit pid)

main=$(property MainPID)
b system restart
another || fail "banger system restart left process $main"
same "after banger system restart"
main=$(property MainPID)
kill -9 "$main"
wait_for "$limit" "a new process of the service" another
same "after the daemon was killed"

main=$(property MainPID)
b system uninstall
[ ! -e "$unit" ] || fail "the unit is left"
[ -e "/proc/$pid" ] || fail "process $pid did not outlive the service"
same "without the service"
[ "$(daemon_pid)" != "$main" ] || fail "process $main is left"
directory=$(show user-unit directory)
b vm delete user-unit
holds_nothing "$directory" ""
