# Sourced by ./banger and scripts/build (POSIX sh; $root and $tree are set): is the build newer than its sources?
#
# lib/build-id carries the time at which the build began, so a file saved during the build counts as newer.
# Directories are compared too: a deleted or renamed source shows only there.
build_is_current() {
    [ -x "$tree/bin/banger" ] && read -r java_home <"$tree/lib/java-home" && [ -x "$java_home/bin/java" ] || return 1
    newer=$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/*/src/main "$root"/native/* "$root"/dist/* \
        \( -name target -o -name tests \) -prune -o -newer "$tree/lib/build-id" -print -quit 2>&1)
    [ -z "$newer" ]
}
