package dev.millrace.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;

/// A real Apache Kafka cluster of one or three KRaft nodes inside this JVM, each node broker and controller in one.
///
/// Ports are chosen once, so a node that was stopped comes back at its old address with its old log. Topics are
/// never created by accident: auto-creation is off, [#createTopic] waits until every partition has a leader.
///
/// Not thread-safe: one test thread owns it.
public final class EmbeddedKafka implements AutoCloseable {
    private static final int TOPIC_TIMEOUT_SECONDS = 30;
    private static final String SCRAM = "SCRAM-SHA-512";

    private final Path directory;
    private final Optional<Guard> guard;
    private final String clusterId = Uuid.randomUuid().toString();
    private final List<Node> nodes = new ArrayList<>();

    private record Addresses(int broker, int controller) {}

    /// A second and a third way to the first node: over TLS with a password (SCRAM), and over TLS with a certificate of
    /// the client's.
    ///
    /// @param store PKCS #12, with the key of the broker and the certificates that it trusts
    public record Guard(String user, String password, Path store, String storePassword, int scramPort, int mutualPort) {
        public Guard(String user, String password, Path store, String storePassword) {
            this(user, password, store, storePassword, freePort(), freePort());
        }

        private String scramServers() {
            return "localhost:" + scramPort;
        }

        private String mutualServers() {
            return "localhost:" + mutualPort;
        }

        /// What an app needs to be told, to come with the password.
        public Map<String, String> scramSettings() {
            Map<String, String> settings = new HashMap<>();
            settings.put("kafka.bootstrap.servers", scramServers());
            settings.put("kafka.security.protocol", "SASL_SSL");
            settings.put("kafka.sasl.mechanism", SCRAM);
            settings.put(
                    "kafka.sasl.jaas.config",
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user
                            + "\" password=\"" + password + "\";");
            putStore(settings, "kafka.", "truststore");
            return settings;
        }

        /// What an app needs to be told, to come with the certificate.
        public Map<String, String> mutualSettings() {
            Map<String, String> settings = new HashMap<>();
            settings.put("kafka.bootstrap.servers", mutualServers());
            settings.put("kafka.security.protocol", "SSL");
            putStore(settings, "kafka.", "keystore");
            putStore(settings, "kafka.", "truststore");
            return settings;
        }

        private void putStore(Map<String, ? super String> settings, String prefix, String kind) {
            settings.put(prefix + "ssl." + kind + ".type", "PKCS12");
            settings.put(prefix + "ssl." + kind + ".location", store.toString());
            settings.put(prefix + "ssl." + kind + ".password", storePassword);
        }
    }

    private static final class Node {
        private final int id;
        private final Addresses addresses;
        private @Nullable KafkaRaftServer server;

        private Node(int id, Addresses addresses) {
            this.id = id;
            this.addresses = addresses;
        }
    }

    private EmbeddedKafka(Path directory, Optional<Guard> guard) {
        this.directory = directory;
        this.guard = guard;
    }

    /// Starts a cluster on free ports with its data in a fresh directory below `directory`.
    ///
    /// @param nodes 1 or 3; with 3, topics default to three replicas of which two must be in sync
    public static EmbeddedKafka start(int nodes, Path directory) {
        List<Addresses> addresses = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            addresses.add(new Addresses(freePort(), freePort()));
        }
        return start(addresses, directory, Optional.empty());
    }

    /// Starts one node that clients can also reach by the ways of a guard.
    public static EmbeddedKafka start(Guard guard, Path directory) {
        return start(List.of(new Addresses(freePort(), freePort())), directory, Optional.of(guard));
    }

    /// Starts one node on a given port.
    public static EmbeddedKafka startOn(int port, Path directory) {
        return start(List.of(new Addresses(port, freePort())), directory, Optional.empty());
    }

    private static EmbeddedKafka start(List<Addresses> addresses, Path directory, Optional<Guard> guard) {
        EmbeddedKafka kafka = new EmbeddedKafka(directory, guard);
        for (int i = 0; i < addresses.size(); i++) {
            kafka.nodes.add(new Node(i + 1, addresses.get(i)));
        }
        kafka.ofEach(kafka::startNode);
        return kafka;
    }

    public String bootstrapServers() {
        return nodes.stream()
                .map(node -> "localhost:" + node.addresses.broker())
                .collect(Collectors.joining(","));
    }

    /// Starts a node that is not running, on the log that it left.
    public void startNode(int id) {
        Node node = node(id);
        if (node.server != null) {
            return;
        }
        KafkaConfig config = new KafkaConfig(properties(node));
        format(node);
        KafkaRaftServer server = new KafkaRaftServer(config, Time.SYSTEM);
        server.startup();
        node.server = server;
    }

    /// Stops a node and keeps its log.
    public void stopNode(int id) {
        Node node = node(id);
        if (node.server != null) {
            node.server.shutdown();
            node.server.awaitShutdown();
            node.server = null;
        }
    }

    /// Creates a topic that is not there yet and waits until each of its partitions has a leader.
    public void createTopic(String topic, int partitions) {
        createTopic(topic, partitions, Map.of());
    }

    public void createTopic(String topic, int partitions, Map<String, String> config) {
        short replicas = (short) nodes.size();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
            createTopic(admin, new NewTopic(topic, partitions, replicas).configs(config));
        }
    }

    /// As [#createTopic], on any cluster.
    public static void createTopic(Admin admin, NewTopic topic) {
        try {
            admin.createTopics(List.of(topic)).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new IllegalStateException("cannot create topic " + topic.name(), e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while creating topic " + topic.name(), e);
        }
        awaitLeaders(admin, topic);
    }

    private static void awaitLeaders(Admin admin, NewTopic topic) {
        long deadline = System.nanoTime() + TOPIC_TIMEOUT_SECONDS * 1_000_000_000L;
        while (System.nanoTime() < deadline) {
            try {
                TopicDescription description = Objects.requireNonNull(admin.describeTopics(List.of(topic.name()))
                        .allTopicNames()
                        .get()
                        .get(topic.name()));
                boolean led = description.partitions().stream()
                        .allMatch(partition -> partition.leader() != null
                                && !partition.leader().isEmpty());
                if (led) {
                    awaitLogs(admin, description);
                    return;
                }
                Thread.sleep(20);
            } catch (ExecutionException e) {
                // The metadata of a new topic reaches the brokers a little after its creation: ask again.
                Thread.onSpinWait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for leaders of " + topic.name(), e);
            }
        }
        throw new IllegalStateException(
                "topic " + topic.name() + " has no leaders after " + TOPIC_TIMEOUT_SECONDS + " s");
    }

    /// A leader is named a little before it has the log. A record that it refuses meanwhile, and the next one that it
    /// takes, leave an idempotent producer with a sequence that never fits again.
    private static void awaitLogs(Admin admin, TopicDescription topic) throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        topic.partitions()
                .forEach(each -> ends.put(new TopicPartition(topic.name(), each.partition()), OffsetSpec.latest()));
        admin.listOffsets(ends).all().get();
    }

    @Override
    public void close() {
        ofEach(this::stopNode);
    }

    /// At once: a node alone has no quorum to start with, nor one to say goodbye to.
    private void ofEach(IntConsumer action) {
        CompletableFuture<?>[] all = nodes.stream()
                .map(node -> CompletableFuture.runAsync(
                        () -> action.accept(node.id),
                        task -> Thread.ofPlatform()
                                .name("embedded-kafka-" + node.id)
                                .start(task)))
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(all).join();
    }

    private Node node(int id) {
        return nodes.get(id - 1);
    }

    private Path logDirectory(Node node) {
        return directory.resolve("node-" + node.id);
    }

    private Properties properties(Node node) {
        int replicas = nodes.size();
        int inSync = Math.max(1, replicas - 1);
        Map<String, Object> settings = new HashMap<>();
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", node.id);
        settings.put(
                "controller.quorum.voters",
                nodes.stream()
                        .map(each -> each.id + "@localhost:" + each.addresses.controller())
                        .collect(Collectors.joining(",")));
        settings.put(
                "listeners",
                "PLAINTEXT://localhost:" + node.addresses.broker() + ",CONTROLLER://localhost:"
                        + node.addresses.controller());
        settings.put("advertised.listeners", "PLAINTEXT://localhost:" + node.addresses.broker());
        settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("log.dirs", logDirectory(node).toString());
        settings.put("auto.create.topics.enable", false);
        settings.put("default.replication.factor", replicas);
        settings.put("min.insync.replicas", inSync);
        settings.put("offsets.topic.num.partitions", 4);
        settings.put("offsets.topic.replication.factor", replicas);
        settings.put("transaction.state.log.num.partitions", 4);
        settings.put("transaction.state.log.replication.factor", replicas);
        settings.put("transaction.state.log.min.isr", inSync);
        settings.put("share.coordinator.state.topic.num.partitions", 1);
        settings.put("share.coordinator.state.topic.replication.factor", replicas);
        settings.put("share.coordinator.state.topic.min.isr", inSync);
        settings.put("group.initial.rebalance.delay.ms", 0);
        settings.put("num.network.threads", 2);
        settings.put("num.io.threads", 2);
        settings.put("log.cleaner.dedupe.buffer.size", 2L << 20);
        settings.put("log.segment.bytes", 64 << 20);
        settings.put("message.max.bytes", 16 << 20);
        settings.put("replica.fetch.max.bytes", 16 << 20);
        settings.put("controlled.shutdown.enable", replicas > 1);
        guard.ifPresent(each -> guard(settings, each));
        Properties properties = new Properties();
        settings.forEach((key, value) -> properties.setProperty(key, value.toString()));
        return properties;
    }

    private static void guard(Map<String, Object> settings, Guard guard) {
        settings.merge(
                "listeners",
                ",SCRAM://" + guard.scramServers() + ",MUTUAL://" + guard.mutualServers(),
                (listeners, more) -> listeners + more.toString());
        settings.merge(
                "advertised.listeners",
                ",SCRAM://" + guard.scramServers() + ",MUTUAL://" + guard.mutualServers(),
                (listeners, more) -> listeners + more.toString());
        settings.put(
                "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SCRAM:SASL_SSL,MUTUAL:SSL");
        settings.put("inter.broker.listener.name", "PLAINTEXT");
        settings.put("sasl.enabled.mechanisms", SCRAM);
        settings.put(
                "listener.name.scram.scram-sha-512.sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required;");
        settings.put("listener.name.mutual.ssl.client.auth", "required");
        guard.putStore(settings, "", "keystore");
        guard.putStore(settings, "", "truststore");
        // Whoever comes in clear text may do anything, and by the other ways too, but for what a rule forbids.
        settings.put("authorizer.class.name", StandardAuthorizer.class.getName());
        settings.put("super.users", "User:ANONYMOUS");
        settings.put("allow.everyone.if.no.acl.found", true);
    }

    private void format(Node node) {
        try {
            Files.createDirectories(logDirectory(node));
            new Formatter()
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .setNodeId(node.id)
                    .setClusterId(clusterId)
                    .setControllerListenerName("CONTROLLER")
                    .setMetadataLogDirectory(logDirectory(node).toString())
                    .addDirectory(logDirectory(node).toString())
                    .setReleaseVersion(MetadataVersion.latestProduction())
                    .setIgnoreFormatted(true)
                    .setScramArguments(
                            guard
                                    .map(each -> SCRAM + "=[name=" + each.user() + ",password=" + each.password() + "]")
                                    .stream()
                                    .toList())
                    .run();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare " + logDirectory(node), e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("cannot format " + logDirectory(node), e);
        }
    }

    /// A port that was free a moment ago.
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }
}
