# stop and start keep data, restart has a new boot id, kill ends at once
create --name life
b vm exec life -- sh -c 'echo kept >/root/file; echo root >/etc/lab; sync'
first=$(boot_id life)
b vm stop -q life
is "the state" stopped "$(show life state)"
b vm start -q life
is "the work disk's file" kept "$(b vm exec life -- cat /root/file)"
is "the root disk's file" root "$(b vm exec life -- cat /etc/lab)"
second=$(boot_id life)
[ "$first" != "$second" ] || fail "the same boot id after a start"
b vm restart -q life
[ "$(boot_id life)" != "$second" ] || fail "the same boot id after a restart"
b vm kill -q life
is "the state" stopped "$(show life state)"
b vm delete life
