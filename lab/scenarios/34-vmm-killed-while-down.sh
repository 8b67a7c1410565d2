# a VM whose VMM was killed while no daemon ran is stopped, says why, holds nothing, and starts again with its data
create --name down
directory=$(show down directory)
for way in stopped killed; do
    b vm exec down -- sh -c 'echo "$1" >/root/file; sync' sh "$way"
    tap=$(handle "$directory" tap)
    pid=$(show down pid)
    case $way in
    stopped) b daemon stop ;;
    killed) kill -9 "$(daemon_pid)" ;;
    esac
    [ -e "/proc/$pid" ] || fail "process $pid did not outlive the daemon that was $way"
    kill -9 "$pid"
    wait_for 60 "a new daemon" b vm ls
    is "the state, the daemon $way" stopped "$(show down state)"
    is "why, the daemon $way" "its VMM ended while the daemon was away" "$(show down lastError)"
    holds_nothing "$directory" "$tap"
    b vm start -q down
    is "the file, the daemon $way" "$way" "$(b vm exec down -- cat /root/file)"
    is "why it went down, now that it runs" "" "$(show down lastError | grep -vx null || true)"
done
b vm delete down
