package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DeviceMapper.Command;
import dev.banger.host.linux.DeviceMapper.Snapshot;
import java.time.Duration;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DeviceMapperTest {
    private static final String UUID = "BANGER-root-0123456789ab";
    private static final String NAME = "banger-0123456789ab-root";

    private final FakeDeviceMapper kernel = new FakeDeviceMapper();
    private final DeviceMapper mapper = new DeviceMapper(kernel, Duration.ofMillis(300));

    private Snapshot create() {
        return mapper.create(NAME, UUID, 2048, "/dev/loop9000", "/dev/loop9001");
    }

    @Test
    void aSnapshotKeepsWhatIsWrittenBesideItsBase() {
        Snapshot made = create();

        assertThat(made).isEqualTo(new Snapshot(NAME, UUID, "/dev/dm-300", "/dev/loop9000", "/dev/loop9001"));
        FakeDeviceMapper.Device device = kernel.devices.getFirst();
        assertThat(device.name).isEqualTo(NAME);
        assertThat(device.uuid).isEqualTo(UUID);
        assertThat(device.sectors).isEqualTo(2048);
        assertThat(device.cookie).as("what udev is told").isEqualTo(0x4e0000);
        assertThat(device.table).isEqualTo("snapshot /dev/loop9000 /dev/loop9001 P 8");
    }

    @ParameterizedTest
    @EnumSource(names = {"TABLE_LOAD", "DEV_SUSPEND"})
    void nothingIsLeftOfOneThatCannotBeMade(Command failing) {
        kernel.fail(failing, 1, FakeDeviceMapper.EINVAL);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(this::create)
                .withMessageContaining(NAME)
                .withMessageContaining("errno 22");

        assertThat(kernel.devices).isEmpty();
    }

    @Test
    void aNameThatIsTakenIsToldAndLeftAlone() {
        kernel.foreign(NAME, "LVM-of-somebody");

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(this::create)
                .extracting(BangerException::code)
                .isEqualTo(ErrorCode.ALREADY_EXISTS);
        mapper.remove(UUID);

        assertThat(kernel.devices).hasSize(1);
    }

    @Test
    void itIsFoundByItsUuidAlone() {
        kernel.foreign(NAME, "LVM-of-somebody");
        assertThat(mapper.find(UUID)).isEmpty();

        mapper.create("another-name", UUID, 2048, "/dev/loop9000", "/dev/loop9001");

        assertThat(mapper.find(UUID).orElseThrow().name()).isEqualTo("another-name");
        assertThat(mapper.find(UUID).orElseThrow().device()).isEqualTo("/dev/dm-301");
    }

    @Test
    void oneWithoutATableIsFoundAsWell() {
        kernel.foreign(NAME, UUID);

        assertThat(mapper.find(UUID)).hasValue(new Snapshot(NAME, UUID, "/dev/dm-300", "", ""));
    }

    @Test
    void uuidsAreListedByTheirBeginning() {
        assertThat(mapper.uuids("BANGER-")).isEmpty();
        for (int i = 0; i < 700; i++) { // more than one answer has room for
            kernel.foreign("vg-some-volume-with-a-long-name-" + i, "LVM-" + i);
        }
        create();

        assertThat(mapper.uuids("BANGER-")).containsExactly(UUID);
        assertThat(mapper.uuids("LVM-")).hasSize(700);
    }

    @Test
    void removingIsTriedAgainWhileTheDeviceIsOpen() {
        create();
        kernel.devices.getFirst().open = true;
        kernel.closesAfter = 2;

        mapper.remove(UUID);

        assertThat(kernel.devices).isEmpty();
        assertThat(Collections.frequency(kernel.requests, Command.DEV_REMOVE)).isEqualTo(3);
    }

    @Test
    void oneThatStaysOpenIsRemovedWhenItIsClosedAndSoItIsSaid() {
        create();
        kernel.devices.getFirst().open = true;

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> mapper.remove(UUID))
                .withMessageContaining("still open")
                .extracting(BangerException::code)
                .isEqualTo(ErrorCode.IN_USE);

        assertThat(kernel.devices.getFirst().removedWhenClosed).isTrue();
    }

    @Test
    void removingTwiceIsHarmless() {
        create();

        mapper.remove(UUID);
        mapper.remove(UUID);

        assertThat(kernel.devices).isEmpty();
    }

    @Test
    void aHostWithoutItIsTold() {
        kernel.fail(Command.VERSION, 1, Libc.ENOENT);
        assertThat(mapper.obstacle()).contains("no device-mapper").contains("modprobe dm-snapshot");

        kernel.fail(Command.VERSION, 1, Libc.EACCES);
        assertThat(mapper.obstacle()).isEqualTo("device-mapper is root's");

        assertThat(mapper.obstacle()).isEmpty();
    }

    @Test
    void whereThereIsNoneNothingIsFoundAndNothingHasToBeRemoved() {
        kernel.fail(Command.TABLE_STATUS, 1, Libc.ENOENT);
        assertThat(mapper.find(UUID)).isEmpty();
        kernel.fail(Command.LIST_DEVICES, 1, Libc.EACCES);
        assertThat(mapper.uuids("BANGER-")).isEmpty();
        kernel.fail(Command.DEV_REMOVE, 1, Libc.ENOENT);
        mapper.remove(UUID);
    }

    @Test
    void requestsHaveTheNumbersOfTheKernelsInterface() {
        assertThat(Command.VERSION.request()).isEqualTo(0xc138fd00L);
        assertThat(Command.TABLE_STATUS.request()).isEqualTo(0xc138fd0cL);
    }
}
