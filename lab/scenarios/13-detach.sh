# a client that is killed takes its command with it, and its VM only with --rm; what was detached in the guest goes on
runs() { # VM PROGRAM: what of it runs in the guest
    b vm exec "$1" -- sh -c 'ps -C "$1" -o args= || true' sh "$2"
}
ends() { # VM PROGRAM: wait_for's
    [ -z "$(runs "$1" "$2")" ]
}
begin() { # COMMAND...: of a client with a pid of its own, in $client, once it has said "ready"
    : >/tmp/said
    banger "$@" </dev/null >/tmp/said 2>&1 &
    client=$!
    wait_for "$limit" "the command" grep -q ready /tmp/said
}
trap 'rm -f /tmp/said' EXIT

begin vm run -q "${make_options[@]}" $(network_for) --name detach -- sh -c 'echo ready; exec sleep 4321'
pid=$(show detach pid)
kill -9 "$client"
wait_for 60 "the end of the command of vm run" ends detach sleep
is "the state after its client was killed" running "$(show detach state)"
is "the VMM" "$pid" "$(show detach pid)"

begin vm exec detach -- sh -c 'trap "" HUP; echo ready; exec sleep 4322' # SIGKILL comes 2 s after SIGHUP
kill -9 "$client"
wait_for 60 "the end of the command of vm exec" ends detach sleep

begin vm exec detach -- sh -c 'trap "echo hung up; exit 9" HUP; echo ready; while :; do sleep 0.2; done'
kill -HUP "$client" # as when its terminal goes: the command has it
status=0
wait "$client" || status=$?
is "the status of a command that SIGHUP reached" 9 "$status"
grep -q 'hung up' /tmp/said

b vm exec detach -- sh -c 'setsid sh -c "sleep 5; echo went on >/root/file; exec sleep 4323" >/dev/null 2>&1 </dev/null &'
begin vm exec detach -- sh -c 'echo ready; exec sleep 4324'
kill -9 "$(daemon_pid)" # of the commands in a VM, too, those end that a client waits for
status=0
wait "$client" || status=$?
[ "$status" != 0 ] || fail "the client whose daemon was killed ended with 0"
wait_for 60 "a new daemon" b vm ls
sleeps() {
    [ "$(runs detach sleep)" = "sleep 4323" ]
}
wait_for 60 "the detached command alone" sleeps
is "what the detached command wrote" "went on" "$(b vm exec detach -- cat /root/file)"
b vm delete detach

begin vm run --rm -q "${make_options[@]}" $(network_for) --name gone -- sh -c 'echo ready; exec sleep 4325'
kill -9 "$client"
left() {
    [ -z "$(b vm ls -q)" ]
}
wait_for 60 "the end of the VM of vm run --rm" left
