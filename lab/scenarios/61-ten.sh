# ten VMs of one template at once
limit=600
b image warm debian -q --cpus 1 --memory 256M --vmm "$vmm" --acceleration kvm
clients=()
for i in 0 1 2 3 4 5 6 7 8 9; do
    create --name "ten-$i" &
    clients+=($!)
done
for client in "${clients[@]}"; do
    wait "$client"
done
for i in 0 1 2 3 4 5 6 7 8 9; do
    is "a hostname" "ten-$i" "$(b vm exec "ten-$i" -- hostname)"
done
b vm delete ten-0 ten-1 ten-2 ten-3 ten-4 ten-5 ten-6 ten-7 ten-8 ten-9
b template ls -q | xargs -r -n 1 timeout "$limit" banger template rm
