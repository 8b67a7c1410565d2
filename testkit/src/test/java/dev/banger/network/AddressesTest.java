package dev.banger.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4\n", "a.b.c.d", "1.2.3.-4", "::1"})
    void whatIsNoAddressIsRefused(String text) {
        assertThatThrownBy(() -> Ipv4Address.of(text)).isInstanceOf(BangerException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/8; drop"})
    void whatIsNoRangeIsRefused(String text) {
        assertThatThrownBy(() -> Cidr.of(text)).isInstanceOf(BangerException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.1.0.0/16, true",
        "10.1.0.0/16, 10.0.0.0/8, true",
        "10.0.0.0/16, 10.1.0.0/16, false",
        "0.0.0.0/0, 192.0.2.1/32, true",
        "128.0.0.0/1, 127.0.0.1, false"
    })
    void rangesOverlapWhenOneContainsTheOther(String one, String two, boolean overlap) {
        assertThat(Cidr.of(one).overlaps(Cidr.of(two))).isEqualTo(overlap);
    }

    @Test
    void bitsBehindThePrefixDoNotCount() {
        assertThat(Cidr.of("10.1.2.3/8")).hasToString("10.0.0.0/8");
        assertThat(Cidr.of("255.255.255.255")).hasToString("255.255.255.255/32");
    }

    @ParameterizedTest
    @CsvSource({
        "bgr0,10.0.0.0,24",
        "bgr0,10.0.0.255,24",
        "bgr0,10.0.0.1,30",
        "bgr0,10.0.0.1,7",
        "Br 0,10.0.0.1,24",
        "abcdefghijklmnop,10.0.0.1,24"
    })
    void aBridgeThatCannotBeIsRefused(String name, String address, int prefixLength) {
        assertThatThrownBy(() -> new BridgeSettings(name, Ipv4Address.of(address), prefixLength))
                .isInstanceOf(BangerException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "01:00:5e:00:00:01",
                "ff:ff:ff:ff:ff:ff",
                "02:00:00:00:00",
                "02:00:00:00:00:0G",
                "02-00-00-00-00-01"
            })
    void groupAddressesAndNonsenseAreNoMacAddressOfAStation(String text) {
        assertThatThrownBy(() -> new MacAddress(text)).isInstanceOf(BangerException.class);
    }
}
