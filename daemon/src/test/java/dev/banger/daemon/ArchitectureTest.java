package dev.banger.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** The hard lines of docs/architecture.md. */
class ArchitectureTest {
    private static final JavaClasses BANGER = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.banger");

    @Test
    void theApiKnowsNobody() {
        ArchRule rule = noClasses()
                .that()
                .resideInAPackage("dev.banger.api..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.banger.cli..",
                        "dev.banger.vm..",
                        "dev.banger.image..",
                        "dev.banger.kernel..",
                        "dev.banger.network..",
                        "dev.banger.operation..",
                        "dev.banger.export..",
                        "dev.banger.config..",
                        "dev.banger.frame..",
                        "dev.banger.host..",
                        "dev.banger.daemon..");
        rule.check(BANGER);
    }

    @Test
    void theCliSeesTheApiAlone() {
        ArchRule rule = noClasses()
                .that()
                .resideInAPackage("dev.banger.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.banger.vm..",
                        "dev.banger.image..",
                        "dev.banger.kernel..",
                        "dev.banger.network..",
                        "dev.banger.operation..",
                        "dev.banger.export..",
                        "dev.banger.config..",
                        "dev.banger.frame..",
                        "dev.banger.host..",
                        "dev.banger.daemon..");
        rule.check(BANGER);
    }

    @Test
    void coreKnowsNoAdapterAndNoIoLibrary() {
        ArchRule rule = noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.banger.vm..",
                        "dev.banger.image..",
                        "dev.banger.kernel..",
                        "dev.banger.network..",
                        "dev.banger.operation..",
                        "dev.banger.export..",
                        "dev.banger.config..",
                        "dev.banger.frame..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.banger.host..",
                        "dev.banger.daemon..",
                        "dev.banger.cli..",
                        "java.sql..",
                        "javax.sql..",
                        "java.lang.foreign..",
                        "org.eclipse.jetty..",
                        "org.jdbi..",
                        "org.apache..");
        rule.check(BANGER);
    }

    @Test
    void programsAreStartedByThreeClasses() {
        ArchRule rule = noClasses()
                .that()
                .doNotHaveSimpleName("ProgramRunner")
                .and()
                .doNotHaveSimpleName("VmmLauncher")
                .and()
                .doNotHaveSimpleName("ClientProcess") // the client, as its caller starts it: that is what it measures
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ProcessBuilder.class);
        rule.check(BANGER);
    }

    @Test
    void onlyHostLinuxCallsForeignFunctions() {
        ArchRule rule = noClasses()
                .that()
                .resideOutsideOfPackage("dev.banger.host.linux..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..");
        rule.check(BANGER);
    }

    @Test
    void onlyTheStoreSpeaksSql() {
        ArchRule rule = noClasses()
                .that()
                .resideOutsideOfPackage("dev.banger.host.store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..", "org.sqlite..");
        rule.check(BANGER);
    }

    @Test
    void adaptersNeverSeeEachOther() {
        ArchRule rule = slices().matching("dev.banger.host.(*)..")
                .namingSlices("host.$1")
                .should()
                .notDependOnEachOther()
                .ignoreDependency(
                        DescribedPredicate.alwaysTrue(),
                        JavaClass.Predicates.resideInAnyPackage("dev.banger.host.linux..", "dev.banger.host.http.."));
        rule.check(BANGER);
    }

    @Test
    void noCyclesBetweenPackages() {
        ArchRule rule = slices().matching("dev.banger.(**)").should().beFreeOfCycles();
        rule.check(BANGER);
    }

    @Test
    void nothingHasAnEmptyName() {
        ArchRule rule = noClasses()
                .should()
                .haveNameMatching(".*(Util|Utils|Helper|Impl|Manager|Default)")
                .orShould()
                .resideInAnyPackage("..util..", "..common..", "..helper..", "..impl..", "..manager..");
        rule.check(BANGER);
    }

    @Test
    void exceptionsAreUnchecked() {
        ArchRule rule =
                classes().that().areAssignableTo(Exception.class).should().beAssignableTo(RuntimeException.class);
        rule.check(BANGER);
    }
}
