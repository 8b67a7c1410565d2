package dev.banger.config;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Everything that can be configured: the one table of it. docs/configuration.md is generated from it.
 *
 * <p>Those of the table {@code vm} are looked at for each new VM, the others when the daemon starts.
 */
public enum Key {
    VM_IMAGE("vm", "image", "BANGER_IMAGE", Kinds.NAME, "debian", "The image a new VM starts from."),
    VM_KERNEL("vm", "kernel", "BANGER_KERNEL", Kinds.NAME, "debian", "The kernel it boots."),
    VM_CPUS("vm", "cpus", "BANGER_CPUS", Kind.Whole.of(1, 1024), "2, or as many as the host has", "Its virtual CPUs."),
    VM_MEMORY("vm", "memory", "BANGER_MEMORY", new Kind.Amount(), "512M", "Its memory."),
    VM_DISK("vm", "disk", "BANGER_DISK", new Kind.Amount(), "8G", "The size of its work disk at /root."),
    VM_ACCELERATION(
            "vm",
            "acceleration",
            "BANGER_ACCELERATION",
            Kind.Choice.of("auto", "kvm", "tcg"),
            "auto",
            "What executes its instructions."),
    VM_VMM("vm", "vmm", "BANGER_VMM", Kind.Choice.of("auto", "qemu", "firecracker"), "auto", "What runs it."),
    VM_NETWORK("vm", "network", "BANGER_NETWORK", Kinds.NAME, "user", "The network it is in."),
    VM_IDLE_PAUSE(
            "vm",
            "idle_pause",
            "BANGER_IDLE_PAUSE",
            new Kind.Duration(),
            "0",
            "After how long without activity it is paused; 0: never."),
    VM_USER(
            "vm",
            "user",
            "BANGER_USER",
            Kind.Text.of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", "the name or uid of a guest's user"),
            "root",
            "The guest's user that vm run and vm exec run commands as."),
    VM_RUNTIME_DIR(
            "vm",
            "runtime_dir",
            "BANGER_RUNTIME_DIR",
            new Kind.HostPath(),
            "none",
            "A runtime bundle: its rootfs and kernel, unless image and kernel are set; its helpers, when the daemon starts."),
    POOL_SIZE(
            "daemon",
            "pool_size",
            "BANGER_POOL_SIZE",
            Kind.Whole.of(0, 99),
            "by the host's memory: below 4 GiB 0, below 16 GiB 1, else 2",
            "How many VMs of each make are prepared ahead of need."),
    TEMPLATES(
            "daemon",
            "templates",
            "BANGER_TEMPLATES",
            Kind.Choice.of("auto", "manual", "off"),
            "auto",
            "auto: use templates and make missing ones; manual: use those there are; off: boot every VM."),
    ROOT_DISKS(
            "daemon",
            "root_disks",
            "BANGER_ROOT_DISKS",
            Kind.Choice.of("auto", "qcow2", "device-mapper", "reflink", "copy"),
            "auto",
            "How root disks of new VMs are made."),
    PATIENCE(
            "daemon",
            "patience",
            "BANGER_PATIENCE",
            Kind.Whole.of(1, 100),
            "1",
            "How many times longer than usual programs that banger runs, VMMs and guests may take."),
    QEMU(
            "daemon",
            "qemu",
            "BANGER_QEMU",
            new Kind.HostPath(),
            "qemu-system-x86_64 in PATH",
            "QEMU's program; its file name begins with qemu-system-."),
    FIRECRACKER(
            "daemon",
            "firecracker",
            "BANGER_FIRECRACKER",
            new Kind.HostPath(),
            "firecracker in PATH, /usr/local/bin or /opt/firecracker",
            "Firecracker's program; its file name begins with firecracker."),
    BRIDGE(
            "network",
            "bridge",
            "BANGER_BRIDGE",
            Kind.Text.of("(?:[a-z0-9_-]+=)?[0-9.]+/[0-9]{1,2}", "[NAME=]ADDRESS/PREFIX, such as banger0=10.77.0.1/24"),
            "a name and a /24 in 10.128.0.0/9 derived from the state directory",
            "The bridge, its address and subnet."),
    FIREWALL(
            "network",
            "firewall",
            "BANGER_FIREWALL",
            Kind.Choice.of("auto", "nftables", "iptables"),
            "auto",
            "What makes the rules of bridged networks."),
    DNS_PORT(
            "dns",
            "port",
            "BANGER_DNS_PORT",
            new Kind.Whole(0, 65535, "a port from 1 to 65535, or 0 for no DNS server"),
            "42069",
            "The port on 127.0.0.1 that answers for NAME.vm; 0: none."),
    MAPDNS_DATA_FILE(
            "dns",
            "mapdns_data_file",
            "BANGER_MAPDNS_DATA_FILE",
            new Kind.HostPath(),
            "none",
            "A file to publish the names in, in place of answering for them."),
    MAPDNS_BIN(
            "dns",
            "mapdns_bin",
            "BANGER_MAPDNS_BIN",
            new Kind.HostPath(),
            "none",
            "A program to run, with that file's path, after each change."),
    REGISTRY(
            "images",
            "registry",
            "BANGER_REGISTRY",
            Kind.Text.of(
                    "(localhost|[a-zA-Z0-9-]+(\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9.-]+(?=:)|\\[[0-9a-fA-F:]+])(:[0-9]{1,5})?"
                            + "(/[a-z0-9]+([._-]+[a-z0-9]+)*)*",
                    "a registry, HOST[:PORT][/PATH], such as registry.example.org/library"),
            "none",
            "The registry that image pull finds names without one in."),
    CATALOGS(
            "images",
            "catalogs",
            "BANGER_CATALOGS",
            Kind.Words.of(
                    "(/|https?://)\\S*#ed25519:[A-Za-z0-9_-]{43}",
                    "a list of catalogs, each LOCATION#KEY (in a text, spaces between them)"),
            "none",
            "Catalogs that images and kernels are fetched from by their names, in this order.");

    private final String table;
    private final String id;
    private final String variable;
    private final Kind kind;
    private final String otherwise;
    private final String meaning;

    Key(String table, String id, String variable, Kind kind, String otherwise, String meaning) {
        this.table = table;
        this.id = id;
        this.variable = variable;
        this.kind = kind;
        this.otherwise = otherwise;
        this.meaning = meaning;
    }

    /** As messages call it: {@code vm.cpus}. */
    public String path() {
        return table + "." + id;
    }

    /** The table it is in. */
    public String table() {
        return table;
    }

    /** Its name in that table. */
    public String id() {
        return id;
    }

    /** The environment variable that overrides the file. */
    public String variable() {
        return variable;
    }

    /** What its value can be, in words. */
    public String is() {
        return kind.is();
    }

    /** What it is when nobody says otherwise, for people. */
    public String otherwise() {
        return otherwise;
    }

    public String meaning() {
        return meaning;
    }

    /** Whether it is about each new VM, and not about the daemon. */
    public boolean ofVm() {
        return table.equals("vm");
    }

    Kind kind() {
        return kind;
    }

    static Optional<Key> of(String table, String id) {
        return Arrays.stream(values())
                .filter(key -> key.table.equals(table) && key.id.equals(id))
                .findFirst();
    }

    static List<Key> in(String table) {
        return Arrays.stream(values()).filter(key -> key.table.equals(table)).toList();
    }

    static List<String> tables() {
        return Arrays.stream(values()).map(Key::table).distinct().toList();
    }

    /** Constants of an enum cannot use static fields of its own. */
    private static final class Kinds {
        static final Kind NAME = Kind.Text.of(
                "[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?",
                "a name of lower-case letters, digits, dots, hyphens and underscores");
    }
}
