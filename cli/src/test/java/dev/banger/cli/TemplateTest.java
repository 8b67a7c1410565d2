package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.TemplateWarm;
import io.avaje.jsonb.Jsonb;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code template} and {@code image warm}. */
class TemplateTest {
    private static final String CURRENT = "3f2a000011112222";
    private static final String OLD = "77aa000011112222";

    private final ScriptedBanger banger =
            new ScriptedBanger().with(Samples.template(CURRENT, true)).with(Samples.template(OLD, false));
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void lsShowsWhatIsInThemAndWhichAreCurrent() {
        assertThat(console.run(banger, "template", "ls")).isZero();

        assertThat(console.out().lines().map(line -> line.split(" {2,}")).toList())
                .first()
                .isEqualTo(new String[] {"ID", "IMAGE", "KERNEL", "CPUS", "MEMORY", "SIZE", "AGE", "CURRENT"});
        assertThat(console.out().lines().toList().get(1))
                .startsWith("3f2a00001111  debian  debian  2     512 MiB  96 MiB  ")
                .endsWith("yes");
        assertThat(console.out().lines().toList().get(2))
                .startsWith("77aa00001111  ")
                .endsWith("no");
    }

    @Test
    void lsQuietPrintsWholeIds() {
        console.run(banger, "template", "ls", "-q");

        assertThat(console.out().lines()).containsExactly(CURRENT, OLD);
    }

    @Test
    void lsPrintsJson() {
        console.run(banger, "template", "ls", "--json");

        assertThat(Jsonb.instance().type(Object.class).list().fromJson(console.out()))
                .hasSize(2);
    }

    @Test
    void showTakesAPrefixAndSaysWhyAnOldOneIsOfNoUse() {
        assertThat(console.run(banger, "template", "show", "77aa")).isZero();
        assertThat(banger.calls()).containsExactly("template 77aa");
        assertThat(console.out())
                .contains(OLD)
                .contains("96 MiB")
                .containsPattern("current +no: image, kernel or agent were replaced");
    }

    @Test
    void showPrintsJson() {
        console.run(banger, "template", "show", "3f2a", "--json");

        Map<String, Object> template = Jsonb.instance().type(Object.class).map().fromJson(console.out());
        assertThat(template)
                .containsEntry("id", CURRENT)
                .containsEntry("current", true)
                .containsEntry("acceleration", "tcg");
    }

    @Test
    void oneThatIsNotThereIsAnError() {
        assertThat(console.run(banger, "template", "show", "ffff")).isEqualTo(125);
        assertThat(console.err()).isEqualTo("banger: there is no such template\n");
    }

    @Test
    void rmDeletesThoseThatCanBeDeleted() {
        banger.refuse("77aa", new BangerException(ErrorCode.IN_USE, "a VM starts from it"));

        assertThat(console.run(banger, "template", "rm", "77aa", "3f2a")).isEqualTo(125);
        assertThat(banger.calls()).containsExactly("delete template 77aa", "delete template 3f2a");
        assertThat(console.out()).isEqualTo("3f2a\n");
        assertThat(console.err()).isEqualTo("banger: a VM starts from it\n");
    }

    @Test
    void pruneTellsWhatItDeleted() {
        assertThat(console.run(banger, "template", "prune")).isZero();
        assertThat(banger.calls()).containsExactly("prune templates");
        assertThat(console.out()).isEqualTo(OLD + "\n");
    }

    @Test
    void nothingToPruneIsFine() {
        assertThat(console.run(new ScriptedBanger(), "template", "prune")).isZero();
        assertThat(console.out()).isEmpty();
        assertThat(console.err()).contains("nothing to delete");
    }

    @Test
    void warmLeavesToTheDaemonWhatIsNotSaid() {
        assertThat(console.run(banger, "image", "warm")).isZero();
        assertThat(banger.warmed()).isEqualTo(new TemplateWarm(null, null, null, null, null, false, null));
        assertThat(console.out()).isEqualTo(CURRENT + "  96 MiB\n");
    }

    @Test
    void warmMakesTheTemplateThatWasAskedFor() {
        String line = "image warm mine --cpus 4 --memory 2G --kernel own --acceleration tcg --nested --vmm qemu";

        assertThat(console.run(banger, line.split(" "))).isZero();
        assertThat(banger.warmed()).isEqualTo(new TemplateWarm("mine", "own", 4, 2048L, "tcg", true, "qemu"));
    }

    @Test
    void warmPrintsJson() {
        console.run(banger, "image", "warm", "--json");

        assertThat(console.out()).contains("\"" + CURRENT + "\"").contains("\"diskBytes\"");
    }

    @Test
    void anImageThatCannotBeWarmedSaysWhy() {
        banger.refuse("mine", BangerException.notFound("there is no image \"mine\""));

        assertThat(console.run(banger, "image", "warm", "mine")).isEqualTo(125);
        assertThat(console.err()).isEqualTo("banger: there is no image \"mine\"\n");
    }
}
