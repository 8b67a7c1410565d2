package dev.banger.cli;

/** What {@code bench} measures, in the order in which it is shown. */
enum BenchRow {
    BOOT("boot", "cold boot: vm run --rm --cold -- true"),
    RESTORE("restore", "restore: vm run --rm -- true"),
    POOL("pool", "pool hit: vm run --rm -- true"),
    EXEC("exec", "vm exec -- true"),
    EXEC_AFTER_RESTORE("exec-after-restore", "first vm exec after a restore"),
    FORK("fork", "vm fork"),
    FORK_EXEC("fork-exec", "vm fork, then vm exec NEW -- true"),
    FORK_PAUSE("fork-pause", "the forked VM's pause"),
    FIRST_FORK_PAUSE("first-fork-pause", "the same, forked for the first time"),
    TEN_FORKS("ten-forks", "vm fork -n 10 of a VM that counts"),
    SNAPSHOT("snapshot", "vm snapshot create"),
    MEMORY("memory", "memory (PSS) of ten VMs"),
    LS("ls", "vm ls"),
    CLIENT("client", "client alone: banger version"),
    GIT("git", "reference: git --version"),
    TRUE("true", "reference: /bin/true");

    private final String key;
    private final String title;

    BenchRow(String key, String title) {
        this.key = key;
        this.title = title;
    }

    String title() {
        return title;
    }

    /** As {@code --only} takes it and the JSON has it. */
    @Override
    public String toString() {
        return key;
    }
}
