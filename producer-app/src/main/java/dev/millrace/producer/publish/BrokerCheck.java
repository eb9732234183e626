package dev.millrace.producer.publish;

import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/// Asks the cluster whether a topic can be written to, within [#PATIENCE]: of each topic one question at a
/// time, so that those of one never wait for those of another.
///
/// The producer itself cannot tell: with metadata from better days it takes records for a broker that is gone, and
/// knows nothing of their fate for `delivery.timeout.ms`. Thread-safe; who asks while an answer is on its way gets
/// that one.
@Singleton
public final class BrokerCheck {
    /// The longest that an answer takes.
    public static final Duration PATIENCE = Duration.ofMillis(1500);

    private final String standard;
    private final Map<String, Object> settings;
    private final Map<String, Question> questions = new ConcurrentHashMap<>();
    private @Nullable Admin admin;

    /// Whether documents can be put on the log at this moment.
    public sealed interface Availability {
        /// The topic is there, and at least one of its partitions has a leader.
        record Available() implements Availability {}

        /// They cannot.
        record Unavailable(String reason) implements Availability {}
    }

    /// @param clientSettings how to reach the cluster: `bootstrap.servers`, security
    BrokerCheck(Config config, @Identifier("default-kafka-broker") Map<String, Object> clientSettings) {
        this.standard = DocumentPublisher.topic(config);
        this.settings = new HashMap<>(clientSettings);
        settings.put("client.id", "deepseek-producer-check");
        settings.put("request.timeout.ms", (int) PATIENCE.toMillis());
        settings.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        settings.put("reconnect.backoff.max.ms", 500);
    }

    /// As [#within(String, Duration)], of the topic of the channel.
    public Availability within(Duration age) {
        return within(standard, age);
    }

    /// The last answer where it is younger than `age`, else a new one.
    ///
    /// @param topic one of [Topics]
    Availability within(String topic, Duration age) {
        return questions.computeIfAbsent(topic, _ -> new Question(topic)).answer(age);
    }

    /// What is asked of one topic.
    private final class Question {
        private final String topic;
        private @Nullable Availability last;
        /// When that was answered.
        private long answered;

        private Question(String topic) {
            this.topic = topic;
        }

        synchronized Availability answer(Duration age) {
            Availability known = last;
            if (known != null && System.nanoTime() - answered < age.toNanos()) {
                return known;
            }
            Availability now = ask(topic);
            last = now;
            answered = System.nanoTime();
            return now;
        }
    }

    private synchronized Admin admin() {
        Admin known = admin;
        if (known == null) {
            known = Admin.create(settings);
            admin = known;
        }
        return known;
    }

    private Availability ask(String topic) {
        try {
            TopicDescription description = admin().describeTopics(List.of(topic))
                    .allTopicNames()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .get(topic);
            if (description == null) {
                return missing(topic);
            }
            boolean led = description.partitions().stream()
                    .anyMatch(partition ->
                            partition.leader() != null && !partition.leader().isEmpty());
            return led
                    ? new Availability.Available()
                    : new Availability.Unavailable("no partition of topic " + topic + " has a leader");
        } catch (ExecutionException e) {
            return e.getCause() instanceof UnknownTopicOrPartitionException
                    ? missing(topic)
                    : unavailable(String.valueOf(e.getCause()));
        } catch (TimeoutException e) {
            return unavailable("no answer within " + PATIENCE.toMillis() + " ms");
        } catch (KafkaException e) {
            // The client could not even be made: a name that does not resolve, say.
            return unavailable(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return unavailable("interrupted");
        }
    }

    private Availability.Unavailable unavailable(@Nullable String reason) {
        return new Availability.Unavailable(
                "kafka.bootstrap.servers = " + settings.get("bootstrap.servers") + ": " + reason);
    }

    private static Availability.Unavailable missing(String topic) {
        return new Availability.Unavailable("topic " + topic + " does not exist; create it, Millrace does not");
    }

    @PreDestroy
    synchronized void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
            admin = null;
        }
    }
}
