# the console's log has what the guest's kernel and init say
create --name logs --wait system
b vm exec logs -- sh -c 'echo lab-was-here >/dev/console'
wait_for 30 "the line in the log" sh -c "banger vm logs logs | grep -q lab-was-here"
b vm logs --vmm logs
b vm delete logs
