package dev.banger.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The hard lines of docs/architecture.md. */
@AnalyzeClasses(packages = "dev.banger", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule THE_API_KNOWS_NOBODY = noClasses()
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
                    "dev.banger.config..",
                    "dev.banger.network..",
                    "dev.banger.frame..",
                    "dev.banger.host..",
                    "dev.banger.daemon..");

    @ArchTest
    static final ArchRule THE_CLI_SEES_THE_API_ALONE = noClasses()
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
                    "dev.banger.config..",
                    "dev.banger.network..",
                    "dev.banger.frame..",
                    "dev.banger.host..",
                    "dev.banger.daemon..");

    @ArchTest
    static final ArchRule CORE_KNOWS_NO_ADAPTER_AND_NO_IO_LIBRARY = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.banger.vm..",
                    "dev.banger.image..",
                    "dev.banger.kernel..",
                    "dev.banger.network..",
                    "dev.banger.operation..",
                    "dev.banger.config..",
                    "dev.banger.network..",
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

    @ArchTest
    static final ArchRule PROGRAMS_ARE_STARTED_BY_THREE_CLASSES = noClasses()
            .that()
            .doNotHaveSimpleName("ProgramRunner")
            .and()
            .doNotHaveSimpleName("QemuVmm")
            .and()
            .doNotHaveSimpleName("BenchProcess") // the client, as its caller starts it: that is what it measures
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ProcessBuilder.class);

    @ArchTest
    static final ArchRule ONLY_HOST_LINUX_CALLS_FOREIGN_FUNCTIONS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.banger.host.linux..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..");

    @ArchTest
    static final ArchRule ONLY_THE_STORE_SPEAKS_SQL = noClasses()
            .that()
            .resideOutsideOfPackage("dev.banger.host.store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..", "org.sqlite..");

    @ArchTest
    static final ArchRule ADAPTERS_NEVER_SEE_EACH_OTHER = slices().matching("dev.banger.host.(*)..")
            .namingSlices("host.$1")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(
                    DescribedPredicate.alwaysTrue(), JavaClass.Predicates.resideInAPackage("dev.banger.host.linux.."));

    @ArchTest
    static final ArchRule NO_CYCLES_BETWEEN_PACKAGES =
            slices().matching("dev.banger.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NOTHING_HAS_AN_EMPTY_NAME = noClasses()
            .should()
            .haveNameMatching(".*(Util|Utils|Helper|Impl|Manager|Default)")
            .orShould()
            .resideInAnyPackage("..util..", "..common..", "..helper..", "..impl..", "..manager..");

    @ArchTest
    static final ArchRule EXCEPTIONS_ARE_UNCHECKED =
            classes().that().areAssignableTo(Exception.class).should().beAssignableTo(RuntimeException.class);
}
