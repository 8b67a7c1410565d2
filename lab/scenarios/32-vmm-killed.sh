# a VM whose VMM was killed while no daemon ran is stopped, and starts again
create --name crash
b vm exec crash -- sh -c 'echo kept >/root/file; sync'
pid=$(show crash pid)
b daemon stop
kill -9 "$pid"
wait_for 60 "a new daemon" b vm ls
is "the state" stopped "$(show crash state)"
b vm start -q crash
is "the file" kept "$(b vm exec crash -- cat /root/file)"
b vm delete crash
