package dev.millrace.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A broker for `@QuarkusTest`s, with the topics of Millrace.
public final class KafkaTestResource implements QuarkusTestResourceLifecycleManager {
    /// A second topic that requests may name.
    public static final String OTHER_DOCUMENTS = "other-documents";

    /// One that they may name too, and that is not there.
    public static final String NO_TOPIC = "no-documents";

    private static volatile @Nullable EmbeddedKafka running;
    private static volatile @Nullable Path store;

    /// The broker of the running tests: to stop it and to start it.
    public static EmbeddedKafka kafka() {
        EmbeddedKafka kafka = running;
        if (kafka == null) {
            throw new IllegalStateException("no broker is running: the test lacks its resource");
        }
        return kafka;
    }

    /// The store of media of the running tests.
    public static Path store() {
        return Objects.requireNonNull(store, "no broker is running: the test lacks its resource");
    }

    @Override
    public Map<String, String> start() {
        try {
            EmbeddedKafka kafka = EmbeddedKafka.start(1, Files.createTempDirectory("millrace-kafka-"));
            kafka.createTopic(KafkaMain.DOCUMENTS, 4);
            kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
            kafka.createTopic(OTHER_DOCUMENTS, 1);
            KafkaMain.createIngestions(kafka);
            running = kafka;
            Path media = Files.createTempDirectory("millrace-media-");
            store = media;
            return Map.of(
                    "kafka.bootstrap.servers",
                    kafka.bootstrapServers(),
                    "millrace.topics.allowed",
                    OTHER_DOCUMENTS + "," + NO_TOPIC,
                    "millrace.claim.directory",
                    media.toString(),
                    "millrace.claim.max-size",
                    "32M");
        } catch (IOException e) {
            throw new UncheckedIOException("no directory for the broker", e);
        }
    }

    @Override
    public void stop() {
        EmbeddedKafka kafka = running;
        if (kafka != null) {
            kafka.close();
        }
    }
}
