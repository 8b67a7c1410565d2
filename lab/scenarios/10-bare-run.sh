# vm run --rm runs a command with KVM and leaves nothing
# quick
is "the hostname" bare "$(run --rm --name bare -- hostname)"
create --name bare
is "the VMM" "$vmm" "$(show bare vmm)"
is "the acceleration" kvm "$(show bare acceleration)"
b vm show bare
b vm exec bare -- cat /proc/meminfo
b vm delete bare
