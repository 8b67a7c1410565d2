package dev.banger.host.disk;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.vm.DiskKind;
import java.util.Arrays;
import java.util.stream.Collectors;

/** How new root disks are made. Pure. */
enum RootDiskChoice {
    /** An empty qcow2 file above the image: at once, and no byte is copied. */
    QCOW2("qcow2", DiskKind.QCOW2),
    /** A device-mapper snapshot of the image: at once, and no byte is copied; root's. */
    DEVICE_MAPPER("device-mapper", DiskKind.COW),
    /** A file that shares its blocks with the image until they are written to: at once, where the file system can do that. */
    REFLINK("reflink", DiskKind.RAW),
    /** A copy of the image's data, which takes as long as there is of it; everywhere. */
    COPY("copy", DiskKind.RAW);

    /** What users write for "as it is best here". */
    private static final String AUTO = "auto";

    private final String label;
    private final DiskKind kind;

    RootDiskChoice(String label, DiskKind kind) {
        this.label = label;
        this.kind = kind;
    }

    String label() {
        return label;
    }

    DiskKind kind() {
        return kind;
    }

    /**
     * What matters for the choice.
     *
     * @param raw whether the VMM takes disks only as they are
     * @param deviceMapper why this daemon can make no device-mapper snapshots; empty: it can
     * @param reflinks whether images and VMs lie where files can share blocks
     */
    record Host(boolean raw, String deviceMapper, boolean reflinks) {}

    /**
     * @param wish a label, or {@code auto}
     * @throws BangerException INVALID_ARGUMENT for another wish, PRECONDITION_FAILED for one that cannot be had here
     */
    static RootDiskChoice of(String wish, Host host) {
        if (isAuto(wish)) {
            return !host.raw()
                    ? QCOW2
                    : host.deviceMapper().isEmpty() ? DEVICE_MAPPER : host.reflinks() ? REFLINK : COPY;
        }
        RootDiskChoice wanted = wanted(wish);
        String obstacle = switch (wanted) {
            case QCOW2 -> host.raw() ? "the VMM cannot read them" : "";
            case DEVICE_MAPPER -> host.deviceMapper();
            case REFLINK ->
                host.reflinks() ? "" : "images and VMs do not lie on one file system that can (XFS or btrfs)";
            case COPY -> "";
        };
        if (!obstacle.isEmpty()) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "root disks cannot be made by " + wish + ", as BANGER_ROOT_DISKS says: " + obstacle);
        }
        return wanted;
    }

    static boolean isAuto(String wish) {
        return wish.equals(AUTO);
    }

    /** Fails for what is no wish. */
    static String checked(String wish) {
        return isAuto(wish) ? wish : wanted(wish).label;
    }

    private static RootDiskChoice wanted(String wish) {
        return Arrays.stream(values())
                .filter(each -> each.label.equals(wish))
                .findFirst()
                .orElseThrow(() -> BangerException.invalid("BANGER_ROOT_DISKS is auto, "
                        + Arrays.stream(values()).map(RootDiskChoice::label).collect(Collectors.joining(", "))
                        + ", not \"" + wish + "\""));
    }
}
