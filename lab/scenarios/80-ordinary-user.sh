# an ordinary user has VMs with KVM, too, of QEMU; Firecracker is refused with the reason
mkdir -p -m 0711 /var/lib/lab-user
mkdir -p /var/lib/lab-user/home/cache
cp -a --sparse=always "$BANGER_HOME/cache/images" "$BANGER_HOME/cache/kernels" /var/lib/lab-user/home/cache/
chown -R lab: /var/lib/lab-user
as_user() {
    timeout "$limit" runuser -u lab -- env BANGER_HOME=/var/lib/lab-user/home BANGER_TEMPLATES=off BANGER_POOL_SIZE=0 \
        BANGER_DNS_PORT=42070 /opt/banger/bin/banger "$@" </dev/null
}
trap 'as_user daemon stop; rm -rf /var/lib/lab-user' EXIT
as_user daemon start || as_user daemon start
is "who runs in the guest" root "$(as_user vm run -q --rm --cpus 1 --memory 256M --vmm qemu --acceleration kvm -- id -un)"
if [ "$vmm" = firecracker ]; then # its taps are root's to make
    for network in user bridge; do
        status=0
        said=$(as_user vm create -q "${make_options[@]}" --network "$network" --name refused 2>&1) || status=$?
        is "the status of Firecracker at network $network" 125 "$status"
        case $said in
        *"network with taps"* | *"needs root"*) ;;
        *) fail "the message does not say what is missing: $said" ;;
        esac
    done
fi
is "what is left" "" "$(as_user vm ls -q)"
