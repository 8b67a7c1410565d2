package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmNameTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "7",
                "dev",
                "web-1",
                "a--b",
                "0123456789",
                "a23456789012345678901234567890123456789012345678901234567890123"
            })
    void dnsLabelsAreNames(String name) {
        assertThat(VmName.isValid(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "-a",
                "a-",
                "A",
                "a_b",
                "a.b",
                "a b",
                "a\n",
                "a/b",
                "ß",
                "a234567890123456789012345678901234567890123456789012345678901234"
            })
    void nothingElseIs_P57(String name) {
        assertThat(VmName.isValid(name)).isFalse();
    }

    @Test
    void generatedNamesAreTwoWordsAndValid() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            assertThat(VmName.generate(random)).matches("[a-z]+-[a-z]+").satisfies(VmName::check);
        }
    }
}
