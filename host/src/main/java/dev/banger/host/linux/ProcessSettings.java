package dev.banger.host.linux;

/** Settings of this process. */
public final class ProcessSettings {
    private ProcessSettings() {}

    /** From now on, files are made for their owner alone, whatever the one who started us had set. */
    public static void privateUmask() {
        Libc.umask(077);
    }
}
