# a template is made, VMs are restored from it, two of them share no identity
b image warm debian -q --cpus 1 --memory 256M --vmm "$vmm" --acceleration kvm
create --name one
create --name two
is "what it came from" template "$(show one startedFrom)"
for what in /etc/machine-id /proc/sys/kernel/random/boot_id /etc/ssh/ssh_host_ed25519_key.pub; do
    [ "$(b vm exec one -- cat $what)" != "$(b vm exec two -- cat $what)" ] || fail "both have the same $what"
done
b vm delete one two
b template ls -q | xargs -r -n 1 timeout "$limit" banger template rm
