# a refused spec or name leaves no row
is "the status of a bad name" 2 "$(status_of b vm create --name 'no_good!')"
is "the status of too many cpus" 2 "$(status_of b vm create --name bad --cpus 99)"
is "the status of an unknown image" 125 "$(status_of b vm create --name bad --image none)"
is "what there is" "" "$(b vm ls -q)"
