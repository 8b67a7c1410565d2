# an ordinary user has VMs with KVM, too
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
is "who runs in the guest" root "$(as_user vm run -q --rm "${make_options[@]}" -- id -un)"
