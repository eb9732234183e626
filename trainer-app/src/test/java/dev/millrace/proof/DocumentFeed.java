package dev.millrace.proof;

import dev.millrace.testing.EmbeddedKafka;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/// Puts documents on a topic, portion by portion: of very different lengths, some of them twice, poison between them.
///
/// Not thread-safe.
final class DocumentFeed implements AutoCloseable {
    /// About one record in so many is no document.
    private static final int ONE_BAD_OF = 60;
    /// About one document in so many is sent again, as a client does that has seen no answer.
    private static final int ONE_REPEATED_OF = 30;
    /// The shipped tokenizer: one token a byte, and one that begins each text.
    private static final int BEGIN_TOKENS = 1;

    private final String topic;
    private final int partitions;
    private final Random random;
    private final KafkaProducer<String, String> producer;
    private final Deque<ProducerRecord<String, String>> sent = new ArrayDeque<>();
    private final Map<Integer, NavigableMap<Long, LoggedDocument>> documents = new HashMap<>();
    private final Set<DocumentLog.Place> poison = new HashSet<>();
    private int count;
    private int repeated;

    private record Sent(Future<RecordMetadata> report, Consumer<RecordMetadata> acknowledged) {}

    /// Creates the topic.
    DocumentFeed(EmbeddedKafka kafka, String topic, int partitions, long seed) {
        this.topic = topic;
        this.partitions = partitions;
        this.random = new Random(seed);
        kafka.createTopic(topic, partitions);
        for (int partition = 0; partition < partitions; partition++) {
            documents.put(partition, new TreeMap<>());
        }
        this.producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all"),
                new StringSerializer(),
                new StringSerializer());
    }

    /// Sends so many documents more, and returns when all are acknowledged.
    void send(int more) throws InterruptedException, ExecutionException {
        List<Sent> portion = new ArrayList<>();
        for (int i = 0; i < more; i++) {
            String id = "d" + count++;
            String text = text();
            int tokens = BEGIN_TOKENS + text.getBytes(StandardCharsets.UTF_8).length;
            ProducerRecord<String, String> document = record(id, "{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}");
            portion.add(new Sent(
                    producer.send(document),
                    place -> documents
                            .computeIfAbsent(place.partition(), _ -> new TreeMap<>())
                            .put(place.offset(), new LoggedDocument(id, tokens))));
            sent.addLast(document);
            if (random.nextInt(ONE_REPEATED_OF) == 0) {
                portion.add(new Sent(producer.send(sent.removeFirst()), _ -> repeated++));
            }
            if (random.nextInt(ONE_BAD_OF) == 0) {
                portion.add(new Sent(
                        producer.send(record("bad" + count, "{\"text\":")),
                        place -> poison.add(new DocumentLog.Place(place.partition(), place.offset()))));
            }
        }
        for (Sent each : portion) {
            each.acknowledged().accept(each.report().get());
        }
    }

    /// What lies on the topic by now.
    DocumentLog log() {
        Map<Integer, NavigableMap<Long, LoggedDocument>> copy = new HashMap<>();
        documents.forEach((partition, logged) -> copy.put(partition, new TreeMap<>(logged)));
        return new DocumentLog(copy, Set.copyOf(poison), repeated);
    }

    /// From a single letter to what fills several windows.
    private String text() {
        int words = random.nextInt(10) == 0 ? 40 + random.nextInt(40) : 1 + random.nextInt(16);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(i == 0 ? "" : " ").append(Integer.toString(random.nextInt(1 << 16), 36));
        }
        return text.toString();
    }

    private ProducerRecord<String, String> record(String key, String value) {
        return new ProducerRecord<>(topic, random.nextInt(partitions), key, value);
    }

    @Override
    public void close() {
        producer.close();
    }
}
