# on a full disk a create fails with a reason and leaves nothing; with room again it works
create --name before
b vm delete before
fill() {
    fallocate -l "$(df --output=avail -B1M "$BANGER_HOME" | tail -n 1 | tr -d ' ')M" "$BANGER_HOME/fill" || true
    head -c 4M /dev/zero >"$BANGER_HOME/fill-rest" 2>/dev/null || true
}
trap 'rm -f "$BANGER_HOME/fill" "$BANGER_HOME/fill-rest"' EXIT
fill
status=0
said=$(b vm create -q "${make_options[@]}" --name full 2>&1) || status=$?
printf '%s\n' "$said"
is "the status on a full disk" 125 "$status"
case $said in
*[Nn]o\ space* | *full*) ;;
*) fail "the message does not say that the disk is full" ;;
esac
rm -f "$BANGER_HOME/fill" "$BANGER_HOME/fill-rest"
is "what there is" "" "$(b vm ls -q)"
run --rm -- true
