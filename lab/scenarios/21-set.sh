# cpus, memory and disk of a stopped VM change
create --name set
b vm stop -q set
cpus=$(nproc) # a VM has no more than its host
[ "$cpus" -lt 2 ] || cpus=2
is "the status of more processors than the host's" 2 "$(status_of b vm set --cpus $(($(nproc) + 1)) set)"
b vm set --cpus "$cpus" --memory 384M --disk-size 9G set
b vm start -q set
is "the processors" "$cpus" "$(b vm exec set -- nproc)"
memory=$(b vm exec set -- awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
[ "$memory" -gt 300 ] || fail "$memory MiB of memory"
disk=$(b vm exec set -- sh -c 'df -B1M --output=size /root | tail -n 1')
[ "$disk" -gt 8500 ] || fail "a work disk of $disk MiB"
b vm delete set
