# a snapshot is restored with memory and disk, a fork goes on beside its parent
create --name saved --wait system
b vm exec saved -- sh -c 'echo before >/dev/shm/memory; echo before >/root/disk; sync'
b vm snapshot create -q saved then
b vm exec saved -- sh -c 'echo after >/dev/shm/memory; echo after >/root/disk'
b vm fork -q saved forked
is "the fork's memory" after "$(b vm exec forked -- cat /dev/shm/memory)"
is "the fork's hostname" forked "$(b vm exec forked -- hostname)"
b vm delete forked
b vm snapshot restore -q saved then
is "the memory" before "$(b vm exec saved -- cat /dev/shm/memory)"
is "the disk" before "$(b vm exec saved -- cat /root/disk)"
b vm delete saved
