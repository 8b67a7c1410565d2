# the command's exit status, its output and its input reach their places
# quick
create --name status
is "the status" 7 "$(status_of b vm exec status -- sh -c 'exit 7')"
is "the status of a killed command" 137 "$(status_of b vm exec status -- sh -c 'kill -9 $$')"
is "the status of no such program" 127 "$(status_of b vm exec status -- /no/such/program)"
is "what cat gives back" "a line" "$(echo "a line" | timeout "$limit" banger vm exec status -- cat)"
is "stderr" "" "$(b vm exec status -- sh -c 'echo no >&2' 2>/dev/null)"
b vm delete status
