package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.KafkaMain;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.quarkus.runtime.configuration.DurationConverter;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KubernetesTest {
    private static final Path K8S = Path.of("../k8s");
    private static final Path LOCAL = K8S.resolve("overlays/local");

    static List<Path> manifests() throws IOException {
        try (Stream<Path> files = Files.walk(K8S)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .filter(file -> !file.endsWith("kustomization.yaml"))
                    .sorted()
                    .toList();
        }
    }

    static List<Path> kustomizations() throws IOException {
        try (Stream<Path> overlays = Files.list(K8S.resolve("overlays"))) {
            return Stream.concat(Stream.of(K8S.resolve("base")), overlays.sorted())
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("manifests")
    void everyManifestIsWhatTheApiServerExpects(Path file) throws IOException {
        StrictManifests.read(file.toString(), Files.readString(file));
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void everyOverlayHoldsTogether(Path directory) throws Exception {
        Cluster cluster = render(directory);

        assertThat(ClusterRules.breaches(cluster)).isEmpty();
        assertThat(cluster.find(NetworkPolicy.class, "default-deny")
                        .orElseThrow()
                        .getSpec()
                        .getPolicyTypes())
                .containsExactlyInAnyOrder("Ingress", "Egress");
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void theTrainerIsAloneAndWritesOnlyToItsVolumes(Path directory) throws Exception {
        Cluster cluster = render(directory);
        StatefulSet trainer = cluster.find(StatefulSet.class, "trainer").orElseThrow();
        Map<String, String> settings =
                cluster.find(ConfigMap.class, "trainer").orElseThrow().getData();
        Container container =
                trainer.getSpec().getTemplate().getSpec().getContainers().getFirst();

        assertThat(trainer.getSpec().getReplicas()).isEqualTo(1);
        assertThat(trainer.getSpec().getTemplate().getSpec().getTerminationGracePeriodSeconds())
                .isGreaterThanOrEqualTo(120);
        assertThat(container.getVolumeMounts())
                .filteredOn(mount -> !Boolean.TRUE.equals(mount.getReadOnly()))
                .extracting(VolumeMount::getMountPath)
                .containsExactlyInAnyOrder(
                        "/tmp", setting(settings, "DJL_CACHE_DIR"), setting(settings, "MILLRACE_CHECKPOINT_DIRECTORY"));
        assertThat(container.getVolumeMounts())
                .filteredOn(mount -> Boolean.TRUE.equals(mount.getReadOnly()))
                .extracting(VolumeMount::getMountPath)
                .containsExactly(setting(settings, "MILLRACE_TOKENIZER_DIRECTORY"));
        assertThat(setting(settings, "MILLRACE_TRAIN_MODEL"))
                .startsWith(setting(settings, "MILLRACE_TOKENIZER_DIRECTORY"));
    }

    /// One after another at the worst: the kubelet's sleep, streams, other requests, ingestions, Kafka's client.
    @ParameterizedTest
    @MethodSource("kustomizations")
    void allThatAnOrderedEndOfTheProducerMayTakeFitsInItsGrace(Path directory) throws Exception {
        Cluster cluster = render(directory);
        AppSettings app = AppSettings.of(Path.of(".."), "producer-app");
        Map<String, String> given =
                cluster.find(ConfigMap.class, "producer").orElseThrow().getData();
        PodSpec pod = cluster.find(Deployment.class, "producer")
                .orElseThrow()
                .getSpec()
                .getTemplate()
                .getSpec();

        Duration whole = Duration.ofSeconds(pod.getContainers()
                .getFirst()
                .getLifecycle()
                .getPreStop()
                .getSleep()
                .getSeconds());
        for (String property :
                List.of("millrace.api.drain-timeout", "quarkus.shutdown.timeout", "millrace.ingest.stop-timeout")) {
            String text = Optional.ofNullable(given.get(environmentName(property)))
                    .or(() -> Optional.ofNullable(app.application().getProperty(property)))
                    .or(() -> app.properties().getOrDefault(property, Optional.empty()))
                    .orElseThrow(() -> new AssertionError(property + " is not set"));
            whole = whole.plus(DurationConverter.parseDuration(text));
        }
        whole = whole.plusMillis(
                Long.parseLong(app.application().getProperty("mp.messaging.outgoing.documents.close-timeout")));

        assertThat(whole).isGreaterThan(Duration.ofSeconds(60));
        assertThat(Duration.ofSeconds(pod.getTerminationGracePeriodSeconds())).isGreaterThan(whole);
    }

    private static String environmentName(String property) {
        return property.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    @Test
    void theStoreOfMediaIsMountedWhereTheProducerLooksForIt(@TempDir Path overlay) throws Exception {
        Path here = overlay.toRealPath();
        Path k8s = K8S.toRealPath();
        Files.writeString(here.resolve("kustomization.yaml"), """
                apiVersion: kustomize.config.k8s.io/v1beta1
                kind: Kustomization
                resources:
                  - %s
                components:
                  - %s
                """.formatted(
                        here.relativize(k8s.resolve("base")), here.relativize(k8s.resolve("components/media-store"))));

        Cluster cluster = render(here);

        assertThat(ClusterRules.breaches(cluster)).isEmpty();
        assertThat(cluster.find(Deployment.class, "producer")
                        .orElseThrow()
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getVolumeMounts())
                .extracting(VolumeMount::getMountPath)
                .contains(
                        "/tmp",
                        setting(
                                cluster.find(ConfigMap.class, "producer")
                                        .orElseThrow()
                                        .getData(),
                                "MILLRACE_CLAIM_DIRECTORY"));
    }

    @Test
    void theTopicsAreThoseThatTheAppsUse() throws IOException {
        for (String file : List.of("base/kafka/topics.yaml", "components/strimzi/topics.yaml")) {
            assertThat(Files.readString(K8S.resolve(file)))
                    .as(file)
                    .contains(
                            " " + KafkaMain.DOCUMENTS,
                            " " + KafkaMain.DEAD_LETTERS,
                            " " + KafkaMain.LEDGER,
                            " " + KafkaMain.INGESTIONS);
        }
    }

    @Test
    void theLocalBrokerUnderstandsItsSettings() throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(LOCAL.resolve("server.properties"))) {
            properties.load(reader);
        }

        assertThat(AbstractKafkaConfig.CONFIG_DEF.names()).containsAll(properties.stringPropertyNames());
        assertThat(new KafkaConfig(properties).autoCreateTopicsEnable()).isFalse();
    }

    @Test
    void theLocalModelAndItsTokenizerFitEachOther() throws IOException {
        Path model = LOCAL.resolve("model");
        int vocabulary = new ObjectMapper()
                .readTree(model.resolve("config.json").toFile())
                .path("vocab_size")
                .asInt();
        String text = "Grüße, 世界 😀\n\t{}";

        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                model.resolve("tokenizer.json"), Map.of("addSpecialTokens", "false"))) {
            long[] ids = tokenizer.encode(text).getIds();

            assertThat(ids).hasSize(text.getBytes(StandardCharsets.UTF_8).length);
            assertThat(LongStream.of(ids).max().orElseThrow()).isLessThan(vocabulary);
            assertThat(tokenizer.decode(ids)).isEqualTo(text);
        }
    }

    /// What `kubectl apply -k` would send. Skips the test where nothing can render it, unless `.ci/run` forbids
    /// that.
    private static Cluster render(Path directory) throws IOException, InterruptedException {
        Optional<Kustomize> kustomize = Kustomize.onPath();
        if (kustomize.isEmpty()) {
            String message = "neither kubectl nor kustomize is on the PATH: " + directory + " is not rendered";
            return "true".equals(System.getenv("MILLRACE_REQUIRE_KUSTOMIZE")) ? fail(message) : abort(message);
        }
        List<HasMetadata> objects = new ArrayList<>(
                StrictManifests.read(directory.toString(), kustomize.get().render(directory)));
        return new Cluster(directory.toString(), objects);
    }

    private static String setting(Map<String, String> settings, String name) {
        return Optional.ofNullable(settings.get(name)).orElseThrow(() -> new AssertionError(name + " is not set"));
    }
}
