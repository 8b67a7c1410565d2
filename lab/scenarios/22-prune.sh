# prune deletes what is stopped and spares what runs
create --name runs
create --name idle --no-start
b vm prune --yes
is "what is left" runs "$(b vm ls -q)"
b vm delete runs
