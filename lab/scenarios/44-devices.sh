# handles.json names the devices that the host shows, and a deleted VM has none of them
create --name devices --network bridge
directory=$(show devices directory)
cat "$directory/handles.json"
pid=$(handle "$directory" pid)
is "the pid" "$(show devices pid)" "$pid"
is "the directory it works in" "$directory" "$(readlink "/proc/$pid/cwd")"
is "its start" "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)" "$(handle "$directory" startTicks)"
tap=$(handle "$directory" tap)
ip -o link show dev "$tap" up | grep -q ' master bgr' || fail "the tap $tap is not up at the bridge"
# What holds_nothing looks for is there.
{ nft list ruleset && iptables-save; } | grep -wF "$tap"
pgrep -f "${directory##*/}" | grep -xF "$pid"
case $vmm in
firecracker)
    name=$(handle "$directory" dmName)
    base=$(handle "$directory" baseLoop)
    cow=$(handle "$directory" cowLoop)
    is "the device-mapper name" "banger-${directory##*/}-root" "$name"
    is "the device" "$(readlink -f "/dev/mapper/$name")" "$(readlink -f "$(handle "$directory" dmDevice)")"
    dmsetup table "$name"
    is "what it is made of" "snapshot $(lsblk -dno MAJ:MIN "$base" | tr -d ' ') $(lsblk -dno MAJ:MIN "$cow" | tr -d ' ')" \
        "$(dmsetup table "$name" | cut -d ' ' -f 3-5)"
    is "the base" "1 $(readlink -f "$BANGER_HOME/cache/images/debian")/rootfs" "$(losetup -n -O RO,BACK-FILE "$base" | xargs)"
    is "the COW file" "0 $directory/root.cow" "$(losetup -n -O RO,BACK-FILE "$cow" | xargs)"
    is "what the VMM has open of it" 1 "$(dmsetup info -c --noheadings -o open "$name")"
    ;;
*) # its disk is a qcow2 file
    for field in dmName dmDevice baseLoop cowLoop; do
        is "$field" "" "$(handle "$directory" "$field")"
    done
    is "device-mapper devices" "" "$(dmsetup ls | grep -F "${directory##*/}" || true)"
    is "loop devices" "" "$(losetup -n -O BACK-FILE | grep -F "$directory" || true)"
    readlink "/proc/$pid/fd"/* | grep -qx "$directory/root.qcow2" || fail "the VMM does not have root.qcow2 open"
    ;;
esac
b vm delete devices
[ ! -e "/proc/$pid" ] || fail "process $pid is left"
holds_nothing "$directory" "$tap"
b daemon stop # the bridge goes with it
