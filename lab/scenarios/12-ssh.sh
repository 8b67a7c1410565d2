# ssh reaches a VM
create --name ssh --wait system
is "the hostname" ssh "$(b vm ssh ssh -- hostname)"
b vm delete ssh
