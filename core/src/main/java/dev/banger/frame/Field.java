package dev.banger.frame;

/** The tags of fields, as docs/protocol.md numbers them. */
public enum Field {
    VERSION(1),
    BUILD(2),
    NONCE(3),
    ARG(4),
    ENV(5),
    CWD(6),
    USER(7),
    TTY(8),
    ROWS(9),
    COLS(10),
    HOST(11),
    PORT(12),
    PATH(13),
    PID(14),
    NAME(15),
    FORCE(16),
    CODE(20),
    MESSAGE(21),
    STATE(22),
    BOOT_ID(23),
    HOSTNAME(32),
    ADDRESS(33),
    GATEWAY(34),
    DNS(35),
    MAC(36),
    AUTHORIZED_KEY(37),
    HOST_KEY(38),
    HOST_KEY_PUBLIC(39),
    CLOCK(40),
    ENTROPY(41),
    MACHINE_ID(42),
    WORK_DISK(43),
    WORK_DISK_BYTES(45),
    GENERATION(44),
    UPTIME(64),
    LOAD1(65),
    MEM_TOTAL(66),
    MEM_AVAILABLE(67),
    ROOT_TOTAL(68),
    ROOT_AVAILABLE(69),
    WORK_TOTAL(70),
    WORK_AVAILABLE(71),
    PROCESSES(72),
    CPU_MS(73),
    STAGE(80);

    private final int tag;

    Field(int tag) {
        this.tag = tag;
    }

    public int tag() {
        return tag;
    }
}
