# a VM is found again without its handles, and with damaged ones
create --name handles
directory=$(show handles directory)
before=$(boot_id handles)
for damage in missing corrupt; do
    kill -9 "$(daemon_pid)"
    case $damage in
    missing) rm "$directory/handles.json" ;;
    corrupt) echo '{"pid": ' >"$directory/handles.json" ;;
    esac
    wait_for 60 "a new daemon" b vm ls
    is "the state with handles $damage" running "$(show handles state)"
    is "the boot with handles $damage" "$before" "$(boot_id handles)"
done
b vm delete handles
