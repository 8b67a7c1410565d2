# two VMs at once, from two clients
create --name first &
one=$!
create --name second &
wait $!
wait "$one"
is "the first's hostname" first "$(b vm exec first -- hostname)"
is "the second's hostname" second "$(b vm exec second -- hostname)"
b vm delete first second
