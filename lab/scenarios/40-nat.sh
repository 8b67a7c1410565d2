# a bridged VM reaches the host's network with --nat, nothing without it, and nothing stays behind
# quick
ip netns add lab-world
way_out=$(ip route show default)
trap 'ip link del lab-up; ip netns del lab-world; ip route replace $way_out' EXIT
ip link add lab-up type veth peer name lab-far netns lab-world
ip addr add 198.51.100.1/24 dev lab-up
ip link set lab-up up
ip -n lab-world addr add 198.51.100.2/24 dev lab-far
ip -n lab-world link set lab-far up
ip route replace default via 198.51.100.2 dev lab-up # NAT goes where the default route goes
reach='ping -c 1 -W 5 198.51.100.2'
create --name nat --network bridge --nat
b vm exec nat -- $reach
b vm set --no-nat nat
is "the status of a ping without NAT" 1 "$(status_of b vm exec nat -- $reach)"
b vm set --nat nat
b vm exec nat -- $reach
ping -c 1 -W 5 "$(show nat address)"
b vm delete nat
b daemon stop # the bridge goes with it
