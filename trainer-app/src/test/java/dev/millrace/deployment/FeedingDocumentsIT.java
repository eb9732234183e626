package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.TopicLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs what the README's "Feeding documents" tells a reader to type, as it stands there: by a shell. Only the
/// port, the jar's path and the JDK are those of the test.
class FeedingDocumentsIT {
    private static final Path README = Path.of("../README.md");
    private static final Path PRODUCER = Path.of("../producer-app");
    private static final String JAR = "producer-app/target/quarkus-app/quarkus-run.jar";
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    @Test
    void theCommandsOfTheReadmePutTheirDocumentsOnTheLog() throws Exception {
        assumeTrue(isOnPath("curl"), "curl is not here");
        List<String> commands = Commands.below("## Feeding documents", README);
        List<String> curls =
                commands.stream().filter(each -> each.startsWith("curl ")).toList();
        String ingest = commands.stream()
                .filter(each -> each.contains(JAR + " ingest "))
                .findFirst()
                .orElseThrow();
        assertThat(curls).hasSize(4);
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            // Given
            kafka.createTopic(KafkaMain.DOCUMENTS, 4);
            KafkaMain.createIngestions(kafka);
            Path desk = Files.createDirectories(directory.resolve("desk"));
            Files.writeString(desk.resolve("corpus.jsonl"), "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
            Files.writeString(desk.resolve("page.txt"), "a page");
            Files.write(desk.resolve("mill.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', 0});
            Files.writeString(Files.createDirectories(desk.resolve("notes")).resolve("note.txt"), "three");
            Map<String, String> cluster = Map.of("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());

            try (AppProcess producer =
                    AppProcess.start(PRODUCER, Map.of(), cluster, directory.resolve("producer.log"))) {
                producer.awaitOk("/q/health/ready", LIMIT);

                // When
                String port = "localhost:" + producer.port() + "/";
                String one = shell(curls.get(0).replace("localhost:8080/", port), desk, cluster);
                String stream = shell(curls.get(1).replace("localhost:8080/", port), desk, cluster);
                String text = shell(curls.get(2).replace("localhost:8080/", port), desk, cluster);
                String form = shell(curls.get(3).replace("localhost:8080/", port), desk, cluster);

                // Then
                assertThat(one).contains("\"index\":0", "\"status\":\"delivered\"", "\"offset\":");
                assertThat(stream).contains("\"documents\":2,\"delivered\":2", "\"rejected\":0");
                assertThat(text).contains("\"id\":\"page-1\"", "\"status\":\"delivered\"");
                assertThat(form).contains("\"id\":\"page-2\"", "\"status\":\"delivered\"");
            }
            Path java = Path.of(System.getProperty("java.home"), "bin", "java");
            shell(
                    ingest.replaceFirst("^java ", java + " ")
                            .replace(
                                    JAR,
                                    PRODUCER.resolve("target/quarkus-app/quarkus-run.jar")
                                            .toRealPath()
                                            .toString()),
                    desk,
                    cluster);
            assertThat(TopicLog.read(kafka.bootstrapServers(), KafkaMain.DOCUMENTS))
                    .as("one, two of a stream, a text, a form, three of files")
                    .hasSize(1 + 2 + 1 + 1 + 3);
        }
    }

    /// What the command said, once it has ended with 0.
    private String shell(String command, Path desk, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "shell", ".out");
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", command)
                .directory(desk.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
            String said = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(ended).as("%s ended; it said: %s", command, said).isTrue();
            assertThat(process.exitValue()).as("%s: %s", command, said).isZero();
            return said;
        } finally {
            process.destroyForcibly();
        }
    }

    private static boolean isOnPath(String name) {
        for (String entry : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (Files.isExecutable(Path.of(entry, name))) {
                return true;
            }
        }
        return false;
    }
}
