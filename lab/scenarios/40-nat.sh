# a bridged VM reaches the host's network with --nat, nothing without it, and nothing stays behind
# quick
ip netns add lab-world
trap 'ip link del lab-up 2>/dev/null || true; ip netns del lab-world 2>/dev/null || true' EXIT
ip link add lab-up type veth peer name lab-far netns lab-world
ip addr add 198.51.100.1/24 dev lab-up
ip link set lab-up up
ip -n lab-world addr add 198.51.100.2/24 dev lab-far
ip -n lab-world link set lab-far up
reach='ping -c 1 -W 5 198.51.100.2'
create --name nat --network bridge --nat
b vm exec nat -- $reach
b vm set --no-nat nat
is "the status of a ping without NAT" 1 "$(status_of b vm exec nat -- $reach)"
b vm set --nat nat
b vm exec nat -- $reach
ping -c 1 -W 5 "$(show nat address)"
b vm delete nat
