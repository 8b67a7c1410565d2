package dev.banger.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Lack.Install;
import dev.banger.operation.Lack.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class LackTest {
    private static final Lack SLICER =
            new Lack("there is no slicer", "cut bread", new Install("apt install", "cutlery"));
    private static final Lack FORK = new Lack("there is no fork", "eat", new Install("apt install", "cutlery"));
    private static final Lack BREAD = new Lack("there is no bread", "", new Install("apt install", "bakery"));
    private static final Lack HUNGER = new Lack("nobody is hungry", "eat", new Step("wait"));

    @Test
    void everythingIsSaidAtOnceAndInstalledByOneCommand() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> Lack.refuse("have breakfast", List.of(SLICER, FORK, BREAD, HUNGER, FORK)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessage("""
                        cannot have breakfast; this host lacks what it takes:
                          there is no slicer, needed to cut bread
                          there is no fork, needed to eat
                          there is no bread
                          nobody is hungry, needed to eat
                        what to do:
                          apt install bakery cutlery
                          wait""");
    }

    @Test
    void oneThingIsOneSentence() {
        assertThat(Lack.refusal("eat", List.of(BREAD)))
                .hasMessage("cannot eat: there is no bread\nwhat to do: apt install bakery");
        assertThat(Lack.refusal("eat", List.of(new Lack("it is late", "", Lack.NO_REMEDY))))
                .hasMessage("cannot eat: it is late");
    }

    @Test
    void nothingIsRefusedWhereNothingIsLacking() {
        Lack.refuse("eat", List.of());
    }

    @Test
    void aRowOfDoctorsSaysTheSame() {
        assertThat(SLICER.row(Status.FAIL, "slicer"))
                .isEqualTo(new Check(
                        Status.FAIL, "slicer", "there is no slicer, needed to cut bread", "apt install cutlery"));
    }
}
