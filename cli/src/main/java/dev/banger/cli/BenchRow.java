package dev.banger.cli;

/** What {@code bench} measures, in the order in which it is shown. */
enum BenchRow {
    BOOT("boot", "cold boot: vm run --rm --cold -- true"),
    RESTORE("restore", "restore: vm run --rm -- true"),
    POOL("pool", "pool hit: vm run --rm -- true"),
    EXEC("exec", "vm exec -- true"),
    EXEC_AFTER_RESTORE("exec-after-restore", "first vm exec after a restore"),
    FORK("fork", "vm fork"),
    SNAPSHOT("snapshot", "vm snapshot create"),
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
