# two VMs at once, from two clients
create --name first &
create --name second &
wait -n
wait -n
is "the first's hostname" first "$(b vm exec first -- hostname)"
is "the second's hostname" second "$(b vm exec second -- hostname)"
b vm delete first second
