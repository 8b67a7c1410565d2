# cpus, memory and disk of a stopped VM change
create --name set
b vm stop -q set
b vm set --cpus 2 --memory 384M --disk-size 9G set
b vm start -q set
is "the processors" 2 "$(b vm exec set -- nproc)"
memory=$(b vm exec set -- awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
[ "$memory" -gt 300 ] || fail "$memory MiB of memory"
disk=$(b vm exec set -- sh -c 'df -B1M --output=size /root | tail -n 1')
[ "$disk" -gt 8500 ] || fail "a work disk of $disk MiB"
b vm delete set
