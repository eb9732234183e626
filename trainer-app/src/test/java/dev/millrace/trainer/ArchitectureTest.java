package dev.millrace.trainer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final String ROOT = "dev.millrace.trainer";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    /// The order of the data: a package may use those before it, never those after it.
    private static final List<String> FLOW = List.of(
            "intake",
            "tokenize",
            "pack",
            "batch",
            "ledger",
            "weights",
            "model",
            "learn",
            "generate",
            "evaluate",
            "checkpoint",
            "publish",
            "train",
            "observe",
            "api");

    @Test
    void importsPointAlongTheFlow() {
        for (int i = 0; i < FLOW.size(); i++) {
            for (String later : FLOW.subList(i + 1, FLOW.size())) {
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + "." + FLOW.get(i) + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(ROOT + "." + later + "..")
                        .check(CLASSES);
            }
        }
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void beansAreInjectedThroughTheConstructor() {
        fields().should().notBeAnnotatedWith("jakarta.inject.Inject").check(CLASSES);
    }

    @Test
    void theMathematicsAndThePackingKnowNothingOfTheFramework() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + ".model..",
                        ROOT + ".learn..",
                        ROOT + ".weights..",
                        ROOT + ".generate..",
                        ROOT + ".pack..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "jakarta..", "org.eclipse.microprofile..", "org.apache.kafka..")
                .check(CLASSES);
    }

    @Test
    void packingNeedsNothingButTheJdk() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".pack..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages("java..", ROOT + ".pack..", "org.jspecify..")
                .check(CLASSES);
    }
}
