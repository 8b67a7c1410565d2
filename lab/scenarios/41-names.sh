# a bridged VM's name is found through systemd-resolved while it runs
create --name named --network bridge
address=$(show named address)
is "its address" "$address" "$(resolvectl query --legend=no -4 named.vm | awk '{ print $2; exit }')"
is "its address by resolved's own server" "$address" "$(dig +short @127.0.0.53 named.vm)"
b vm delete named
is "the status of its name" 1 "$(status_of resolvectl query named.vm)"
b daemon stop # the bridge goes with it
