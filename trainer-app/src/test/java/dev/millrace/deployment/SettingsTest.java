package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A setting has one name: in the code, in the README, and in the manifests.
class SettingsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern VARIABLE = Pattern.compile("\\bMILLRACE_[A-Z0-9_]+");
    /// Of the build, not of an app.
    private static final Set<String> OF_THE_BUILD = Set.of("MILLRACE_REQUIRE_KUSTOMIZE");

    @ParameterizedTest
    @ValueSource(strings = {"producer-app", "trainer-app"})
    void theReadmeNamesEverySettingOfAnAppWithItsDefaultAndNoOther(String app) throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));

        assertThat(SettingsTable.breaches(readme, AppSettings.of(ROOT, app))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"producer-app", "trainer-app"})
    void theManifestsSetOnlyWhatTheAppReads(String app) throws IOException {
        AppSettings settings = AppSettings.of(ROOT, app);
        List<String> breaches = new ArrayList<>();
        for (Path file : KubernetesTest.manifests()) {
            Cluster cluster =
                    new Cluster(file.toString(), StrictManifests.read(file.toString(), Files.readString(file)));
            breaches.addAll(EnvironmentNames.breaches(cluster, settings));
        }

        assertThat(breaches).isEmpty();
    }

    @Test
    void theJobThatMakesTheTopicsReadsWhatIsMeantForIt() throws IOException {
        String job = Files.readString(ROOT.resolve("k8s/base/kafka/topics.yaml"));

        assertThat(EnvironmentNames.OF_THE_TOPICS)
                .allSatisfy(name -> assertThat(job).contains("$" + name));
    }

    /// Comments, texts, Dockerfiles and objects of other names included.
    @Test
    void everyVariableOfOursThatIsWrittenAnywhereIsOneThatAnAppReads() throws IOException {
        Set<String> known = new TreeSet<>(OF_THE_BUILD);
        Set<String> written = new TreeSet<>();
        for (String app : List.of("producer-app", "trainer-app")) {
            known.addAll(AppSettings.of(ROOT, app).environmentNames());
            try (Stream<Path> files = Files.list(ROOT.resolve(app).resolve("src/main/docker"))) {
                for (Path file : files.toList()) {
                    written.addAll(variables(file));
                }
            }
        }
        written.addAll(variables(ROOT.resolve("README.md")));
        try (Stream<Path> files = Files.walk(ROOT.resolve("k8s"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                written.addAll(variables(file));
            }
        }

        assertThat(written).contains("MILLRACE_TRAIN_MODEL").isSubsetOf(known);
    }

    @Test
    void settingsAreReadFromTheSourcesOfBothApps() throws IOException {
        AppSettings trainer = AppSettings.of(ROOT, "trainer-app");
        AppSettings producer = AppSettings.of(ROOT, "producer-app");

        assertThat(producer.properties()).containsEntry("millrace.documents.max-size", Optional.of("4M"));
        assertThat(trainer.properties())
                .containsEntry("millrace.train.learning-rate.warmup-steps", Optional.of("0"))
                .containsEntry("millrace.train.epochs", Optional.empty())
                .containsEntry("millrace.train.model", Optional.of("model"))
                .doesNotContainKey("millrace.train.learning-rate");
        assertThat(trainer.channelPrefixes()).contains("MP_MESSAGING_INCOMING_DOCUMENTS_");
        assertThat(producer.channelPrefixes()).containsExactly("MP_MESSAGING_OUTGOING_DOCUMENTS_");
    }

    @Test
    void variablesThatTheAppDoesNotReadAreFound() throws IOException {
        Cluster cluster = new Cluster(
                "sample",
                List.of(
                        new ConfigMapBuilder()
                                .withNewMetadata()
                                .withName("producer")
                                .endMetadata()
                                .addToData("MILLRACE_API_WINDOW", "1")
                                .addToData("MILLRACE_API_WINDOWS", "1")
                                .addToData("MP_MESSAGING_OUTGOING_DOCUMENTS_TOPIC", "t")
                                .addToData("MP_MESSAGING_INCOMING_DOCUMENTS_TOPIC", "t")
                                .addToData("QUARKUS_HTTP_PORT", "8080")
                                .build(),
                        new DeploymentBuilder()
                                .withNewMetadata()
                                .withName("producer")
                                .endMetadata()
                                .withNewSpec()
                                .withNewTemplate()
                                .withNewMetadata()
                                .endMetadata()
                                .withNewSpec()
                                .addNewContainer()
                                .withEnv(new EnvVarBuilder()
                                        .withName("MILLRACE_TRAIN_MODEL")
                                        .build())
                                .endContainer()
                                .endSpec()
                                .endTemplate()
                                .endSpec()
                                .build()));

        assertThat(EnvironmentNames.breaches(cluster, AppSettings.of(ROOT, "producer-app")))
                .containsExactly(
                        "sample: producer-app does not read MILLRACE_API_WINDOWS",
                        "sample: producer-app does not read MILLRACE_TRAIN_MODEL",
                        "sample: producer-app does not read MP_MESSAGING_INCOMING_DOCUMENTS_TOPIC");
    }

    @Test
    void rowsThatDifferFromTheAppAreFound() throws IOException {
        String readme = """
                | producer-app | default | |
                | --- | --- | --- |
                | `quarkus.http.port` | `8081` | |
                | `millrace.documents.max-size`, `.max-name-length` | `4M`, 512 | |
                | `millrace.documents.max-depth` | `32` | |
                | `millrace.api.window`, `.max-in-flight` | `4096` | |
                """;

        assertThat(SettingsTable.breaches(readme, AppSettings.of(ROOT, "producer-app")))
                .contains(
                        "quarkus.http.port is 8080, but the README says `8081`",
                        "millrace.documents.max-name-length is 512, but the README says 512",
                        "millrace.documents.max-nesting of producer-app is not in the README",
                        "millrace.documents.max-depth is in the README, but producer-app has no such setting")
                .anyMatch(breach -> breach.startsWith("as many defaults as settings"))
                .noneMatch(breach -> breach.startsWith("millrace.documents.max-size"));
    }

    private static Set<String> variables(Path file) throws IOException {
        Set<String> names = new TreeSet<>();
        Matcher variable = VARIABLE.matcher(Files.readString(file));
        while (variable.find()) {
            names.add(variable.group());
        }
        return names;
    }
}
