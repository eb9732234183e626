package dev.millrace.quickstart;

import dev.millrace.testing.KafkaMain;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/// The Kafka of a run: a broker of its own, or the cluster that `kafka.bootstrap.servers` (or
/// `KAFKA_BOOTSTRAP_SERVERS`) names, where the run has a topic and a group of its own.
///
/// @param bootstrapServers where both apps find it
/// @param topic of the documents; the consumer group has the same name
/// @param broker the process, where it is ours
record Cluster(String bootstrapServers, String topic, Optional<ChildProcess> broker) implements AutoCloseable {

    private static final String DEAD_LETTERS = "-dead-letters";
    private static final String LEDGER = "-ledger";

    /// Where the trainer of this run publishes.
    List<String> trainerSettings() {
        return broker.isPresent()
                ? List.of()
                : List.of(
                        "-Dmillrace.publish.dead-letter-topic=" + topic + DEAD_LETTERS,
                        "-Dmillrace.publish.ledger-topic=" + topic + LEDGER);
    }

    static Cluster open(Path directory) throws IOException, InterruptedException, ExecutionException {
        String set = System.getProperty("kafka.bootstrap.servers", "");
        String named = set.isBlank() ? System.getenv().getOrDefault("KAFKA_BOOTSTRAP_SERVERS", "") : set;
        if (!named.isBlank()) {
            String topic = "millrace-quickstart-" + System.currentTimeMillis();
            try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, named))) {
                admin.createTopics(List.of(
                                new NewTopic(topic, Optional.of(4), Optional.empty()),
                                new NewTopic(topic + DEAD_LETTERS, Optional.of(1), Optional.empty()),
                                new NewTopic(topic + LEDGER, Optional.of(1), Optional.empty())))
                        .all()
                        .get();
            }
            return new Cluster(named, topic, Optional.empty());
        }
        int port = freePort();
        ChildProcess broker = ChildProcess.start(
                "kafka",
                directory,
                List.of(
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KafkaMain.class.getName(),
                        Integer.toString(port),
                        directory.resolve("kafka").toString()),
                Map.of(),
                "kafka ready on",
                line -> {});
        try {
            broker.awaitReady(Duration.ofMinutes(1));
        } catch (IOException | InterruptedException e) {
            broker.close();
            throw e;
        }
        return new Cluster("localhost:" + port, KafkaMain.DOCUMENTS, Optional.of(broker));
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        if (broker.isPresent()) {
            broker.get().close();
        }
    }
}
