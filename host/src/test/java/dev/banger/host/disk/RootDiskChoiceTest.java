package dev.banger.host.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.disk.RootDiskChoice.Host;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RootDiskChoiceTest {
    private static final String NOT_ROOT = "device-mapper is root's";

    private static Host host(boolean raw, boolean deviceMapper, boolean reflinks) {
        return new Host(raw, deviceMapper ? "" : NOT_ROOT, reflinks);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            # wish,          raw,   device-mapper, reflinks, choice
            auto,            false, false,         false,    QCOW2
            auto,            false, true,          true,     QCOW2
            auto,            true,  false,         false,    COPY
            auto,            true,  false,         true,     REFLINK
            auto,            true,  true,          false,    DEVICE_MAPPER
            auto,            true,  true,          true,     DEVICE_MAPPER
            qcow2,           false, true,          true,     QCOW2
            device-mapper,   false, true,          false,    DEVICE_MAPPER
            device-mapper,   true,  true,          true,     DEVICE_MAPPER
            reflink,         false, false,         true,     REFLINK
            reflink,         true,  true,          true,     REFLINK
            copy,            false, true,          true,     COPY
            copy,            true,  false,         false,    COPY
            """)
    void itFollowsTheVmmThePrivilegesAndTheFileSystem(
            String wish, boolean raw, boolean deviceMapper, boolean reflinks, RootDiskChoice choice) {
        assertThat(RootDiskChoice.of(wish, host(raw, deviceMapper, reflinks))).isEqualTo(choice);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            qcow2,         true,  true,  true,  the VMM cannot read them
            device-mapper, true,  false, true,  device-mapper is root
            device-mapper, false, false, true,  device-mapper is root
            reflink,       true,  true,  false, XFS or btrfs
            """)
    void aWishThatCannotBeHadIsRefusedWithTheReason(
            String wish, boolean raw, boolean deviceMapper, boolean reflinks, String reason) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> RootDiskChoice.of(wish, host(raw, deviceMapper, reflinks)))
                .withMessageContaining("BANGER_ROOT_DISKS")
                .withMessageContaining(reason)
                .extracting(BangerException::code)
                .isEqualTo(ErrorCode.PRECONDITION_FAILED);
    }

    @Test
    void anUnknownWishIsInvalid() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> RootDiskChoice.checked("zfs"))
                .withMessageContaining("auto, qcow2, device-mapper, reflink, copy, not \"zfs\"")
                .extracting(BangerException::code)
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }
}
