# a VM whose VMM is killed is stopped, says why, holds nothing, and starts again with its data
create --name crash
b vm exec crash -- sh -c 'echo kept >/root/file; sync'
directory=$(show crash directory)
tap=$(handle "$directory" tap)
kill -9 "$(show crash pid)"
stopped() {
    [ "$(show crash state)" = stopped ]
}
wait_for 60 "the state" stopped
is "why" "its VMM ended unexpectedly" "$(show crash lastError)"
holds_nothing "$directory" "$tap"
b vm start -q crash
is "the file" kept "$(b vm exec crash -- cat /root/file)"
b vm delete crash
