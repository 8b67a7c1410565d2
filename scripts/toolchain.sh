# Sourced by scripts/build, scripts/test and scripts/bench (bash; $root is set): what building and running banger needs.

# The JVM decodes file names by the locale; without one it knows ASCII alone.
export LC_ALL=C.UTF-8

# Debian package and how to see that it is there: a command, or a path (globs allowed). The one list of packages.
packages() {
    cat <<'LIST'
maven mvn
gcc cc
libc6-dev /usr/lib/*/libc.a
make make
qemu-system-x86 qemu-system-x86_64
qemu-utils qemu-img
mmdebstrap mmdebstrap
debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
e2fsprogs mke2fs
squashfs-tools mksquashfs
kmod depmod
uidmap newuidmap
openssh-client ssh
util-linux flock
LIST
}

# What only the tests need.
test_packages() {
    cat <<'LIST'
bc bc
bison bison
buildah buildah
busybox-static busybox
curl curl
cpio cpio
docker-registry docker-registry
flex flex
iproute2 ip
iptables iptables-nft
libelf-dev /usr/include/gelf.h
nftables nft
passwd useradd
procps pkill
python3-minimal python3
skopeo skopeo
umoci umoci
xfsprogs mkfs.xfs
LIST
}

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # an ordinary user's PATH may lack them

say() {
    printf 'banger: %s\n' "$*" >&2
}

die() {
    say "$*"
    exit 125
}

# The names of the packages on stdin's list that are not there.
missing_packages() {
    local package probe
    while read -r package probe; do
        case $probe in
        /*) compgen -G "$probe" >/dev/null || printf '%s\n' "$package" ;;
        *) command -v "$probe" >/dev/null || printf '%s\n' "$package" ;;
        esac
    done
}

apt_install() {
    local log=$1
    shift
    local install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@")
    export DEBIAN_FRONTEND=noninteractive
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || ! "${install[@]}" >"$log" 2>&1 </dev/null; then
        apt-get update -o DPkg::Lock::Timeout=120 >"$log" 2>&1 </dev/null || true # one broken source is no reason to stop
        "${install[@]}" >>"$log" 2>&1 </dev/null
    fi
}

# Installs the packages given; as an ordinary user shows the command and, on a terminal, offers to run it.
install_packages() {
    [ $# -gt 0 ] || return 0
    local command="sudo apt-get install --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        die "this system has no apt-get; install what these Debian packages hold, then run it again: $*"
    fi
    if [ "$(id -u)" = 0 ]; then
        local log
        log=$(mktemp) || die "cannot make a temporary file"
        say "installing Debian packages: $*"
        if ! apt_install "$log" "$@"; then
            tail -n 15 "$log" >&2
            rm -f "$log"
            die "apt-get could not install them; try: apt-get update && apt-get install $*"
        fi
        rm -f "$log"
        return 0
    fi
    say "Debian packages are missing. This installs them:"
    printf '  %s\n' "$command" >&2
    if [ ! -t 0 ] || [ ! -t 2 ]; then
        exit 125
    fi
    local answer
    read -r -p 'banger: run it now? [Y/n] ' answer || exit 125
    case $answer in
    '' | [Yy]*) $command >&2 || die "that did not work" ;;
    *) exit 125 ;;
    esac
}

# True for the home of a JDK (not only a runtime) of version 25 or newer; asks its `release` file, which costs no JVM.
is_jdk() {
    [ -x "$1/bin/javac" ] && [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
    local version
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
    [ "${version:-0}" -ge 25 ]
}

# Sets and exports JAVA_HOME.
find_jdk() {
    local candidate java
    java=$(readlink -f -- "$(command -v java)") || java=/
    for candidate in "${JAVA_HOME:-/}" "${java%/bin/java}" /usr/lib/jvm/* /opt/* \
        "${HOME:-/}"/.sdkman/candidates/java/* "${HOME:-/}"/.jdks/*; do
        if is_jdk "$candidate"; then
            export JAVA_HOME=$candidate
            return 0
        fi
    done
    return 1
}

# Debian has it as a package from some release on.
debian_jdk() {
    apt-cache policy openjdk-25-jdk-headless 2>/dev/null | grep -q 'Candidate: [0-9]' && echo openjdk-25-jdk-headless
}

require_jdk() {
    find_jdk && return 0
    local package
    if package=$(debian_jdk); then
        install_packages "$package"
        find_jdk && return 0
    fi
    say "needs a JDK 25 or newer; there is none in JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks."
    die "get one from https://adoptium.net, unpack it under /opt (or set JAVA_HOME), and run it again"
}

# require_toolchain [LIST-FUNCTION...]: everything is there, or this ends with 125.
require_toolchain() {
    local missing
    mapfile -t missing < <(for list in packages "$@"; do "$list"; done | missing_packages)
    install_packages "${missing[@]}"
    require_jdk
}

# One build at a time in a checkout. The lock is on this file itself: nothing to create, nothing to clean. Maven inherits
# it, so that a build whose launcher was killed is waited for.
lock_checkout() {
    exec 9<"$root/scripts/toolchain.sh"
    if ! flock -n 9; then
        say "waiting for another build of this checkout to end"
        flock 9
    fi
}

# A build that was killed may have left half-written classes or jars that look newer than their sources.
begin_build() {
    local mark=$root/target/build.unfinished
    mkdir -p "$root/target"
    if [ -e "$mark" ]; then
        rm -rf "$root"/*/target/classes "$root"/*/target/test-classes "$root"/*/target/maven-status \
            "$root"/*/target/*.jar "$root"/native/target
    fi
    : >"$mark"
}

end_build() {
    rm -f "$root/target/build.unfinished"
}
