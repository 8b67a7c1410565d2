package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AptSourcesTest {
    @Test
    void oneLineSourcesAreRead() {
        List<AptSource> sources = AptSources.parseLines("""
                # deb http://mirror.test/debian old main
                deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/usr/share/keyrings/b.gpg] http://mirror.test/debian bookworm main contrib # why
                deb-src http://mirror.test/debian bookworm main
                deb\tcdrom:[Debian]/ bookworm main
                deb http://flat.test/ ./
                """);

        assertThat(sources)
                .startsWith(new AptSource(
                        List.of("http://mirror.test/debian"),
                        List.of("bookworm"),
                        List.of("main", "contrib"),
                        Map.of("Signed-By", "/usr/share/keyrings/a.gpg /usr/share/keyrings/b.gpg")))
                .endsWith(new AptSource(List.of("http://flat.test/"), List.of("./"), List.of(), Map.of()));
    }

    @Test
    void stanzasAreReadWithTheirCommentsAndContinuations() {
        List<AptSource> sources = AptSources.parseStanzas("""
                Types: deb deb-src
                # a comment in between
                URIs: http://mirror.test/debian
                Suites: bookworm bookworm-updates
                Components: main
                Signed-By:
                 -----BEGIN PGP PUBLIC KEY BLOCK-----
                 .
                 abc

                Types: deb
                URIs: http://off.test/debian
                Suites: bookworm
                Components: main
                Enabled: no

                types: deb
                uris: http://last.test/debian-security
                suites: bookworm-security
                components: main
                trusted: yes
                """);

        assertThat(sources)
                .containsExactly(
                        new AptSource(
                                List.of("http://mirror.test/debian"),
                                List.of("bookworm", "bookworm-updates"),
                                List.of("main"),
                                Map.of("Signed-By", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc")),
                        new AptSource(
                                List.of("http://last.test/debian-security"),
                                List.of("bookworm-security"),
                                List.of("main"),
                                Map.of("Trusted", "yes")));
    }

    @Test
    void aStanzaIsWrittenAsItIsRead() {
        AptSource source = new AptSource(
                List.of("http://mirror.test/debian"),
                List.of("trixie"),
                List.of("main"),
                Map.of("Signed-By", "\n -----\n .\n abc"));

        assertThat(AptSources.parseStanzas(source.stanza())).containsExactly(source);
    }
}
