package dev.banger.daemon;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each package-info promises: whom the package may depend on, and that null is marked. */
class PackageRulesTest {
    private static final JavaClasses BANGER = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.banger")
            .that(new DescribedPredicate<>("is not generated") {
                @Override
                public boolean test(JavaClass type) {
                    return !type.getName().endsWith("JsonAdapter")
                            && !type.getName().endsWith("JsonComponent");
                }
            });

    @Test
    void theRulesSeeTheCode() {
        assertThat(BANGER.contain(Daemon.class)).isTrue();
        assertThat(BANGER.size()).isGreaterThan(200);
    }

    @ParameterizedTest
    @CsvSource({
        "dev.banger.api, ''",
        "dev.banger.cli, dev.banger.api",
        "dev.banger.config, dev.banger.api",
        "dev.banger.frame, dev.banger.api",
        "dev.banger.operation, dev.banger.api",
        "dev.banger.export, dev.banger.api dev.banger.operation",
        "dev.banger.image, dev.banger.api dev.banger.operation dev.banger.config dev.banger.export",
        "dev.banger.kernel, dev.banger.api dev.banger.operation dev.banger.config dev.banger.export dev.banger.image",
        "dev.banger.snapshot, dev.banger.api",
        "dev.banger.network, dev.banger.api dev.banger.operation",
        "dev.banger.vm, dev.banger.api dev.banger.operation dev.banger.config dev.banger.image dev.banger.kernel dev.banger.snapshot dev.banger.network"
    })
    void aPackageSeesOnlyWhatItMay(String from, String allowed) {
        String[] seen = Stream.concat(Stream.of(from), Stream.of(allowed.split(" ")))
                .filter(name -> !name.isEmpty())
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(from)
                .should()
                .dependOnClassesThat(resideInAPackage("dev.banger..").and(resideOutsideOfPackages(seen)))
                .check(BANGER);
    }

    @Test
    void linuxSeesNoOtherAdapter() {
        noClasses()
                .that()
                .resideInAPackage("dev.banger.host.linux..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.banger.host..").and(resideOutsideOfPackages("dev.banger.host.linux..")))
                .check(BANGER);
    }

    @Test
    void onlyTheDaemonServesHttp() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.banger.daemon..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.eclipse.jetty..")
                .check(BANGER);
    }

    @Test
    void onlyTheDnsAdapterKnowsTheWireFormat() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.banger.host.dns..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.xbill..")
                .check(BANGER);
    }

    @Test
    void onlyTheConfigurationReadsToml() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.banger.config..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.tomlj..")
                .check(BANGER);
    }

    @Test
    void everyPackageIsNullMarked() {
        Set<String> packages = BANGER.stream().map(JavaClass::getPackageName).collect(Collectors.toSet());

        assertThat(packages)
                .allSatisfy(name -> assertThat(BANGER.getPackage(name)
                                .tryGetPackageInfo()
                                .map(info -> info.isAnnotatedWith(NullMarked.class))
                                .orElse(false))
                        .as(name)
                        .isTrue());
    }

    @Test
    void noStateIsStatic() {
        assertThat(BANGER.stream()
                        .flatMap(type -> type.getFields().stream())
                        .filter(field -> field.getModifiers().contains(JavaModifier.STATIC))
                        .filter(field -> !field.getModifiers().contains(JavaModifier.FINAL)))
                .isEmpty();
    }
}
