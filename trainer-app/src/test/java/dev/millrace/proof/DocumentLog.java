package dev.millrace.proof;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
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
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/// What was put on the topic, as the broker acknowledged it: the truth that a run is held against.
///
/// @param documents per partition and offset
/// @param poison where the records are that are no documents
/// @param repeated records that are documents sent a second time, under the same id
record DocumentLog(Map<Integer, NavigableMap<Long, LoggedDocument>> documents, Set<Place> poison, int repeated) {
    /// About one record in so many is no document.
    private static final int ONE_BAD_OF = 60;
    /// About one document in so many is sent again, as a client does that has seen no answer.
    private static final int ONE_REPEATED_OF = 30;
    /// The shipped tokenizer: one token a byte, and one that begins each text.
    private static final int BEGIN_TOKENS = 1;

    /// One record of the topic.
    record Place(int partition, long offset) {}

    private record Sent(String id, int tokens, Future<RecordMetadata> report) {}

    /// Creates the topics and fills that of the documents with `count` of them of very different lengths, poison
    /// between them.
    static DocumentLog produce(EmbeddedKafka kafka, int count, int partitions, long seed)
            throws InterruptedException, ExecutionException {
        kafka.createTopic(KafkaMain.DOCUMENTS, partitions);
        kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
        kafka.createTopic(KafkaMain.LEDGER, 1);
        Random random = new Random(seed);
        List<Sent> documents = new ArrayList<>();
        List<Future<RecordMetadata>> poison = new ArrayList<>();
        List<Future<RecordMetadata>> again = new ArrayList<>();
        Deque<ProducerRecord<String, String>> sent = new ArrayDeque<>();
        Map<String, Object> settings = Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all");
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                String id = "d" + i;
                String text = text(random);
                int tokens = BEGIN_TOKENS + text.getBytes(StandardCharsets.UTF_8).length;
                ProducerRecord<String, String> document =
                        record(random.nextInt(partitions), id, "{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}");
                documents.add(new Sent(id, tokens, producer.send(document)));
                sent.addLast(document);
                if (random.nextInt(ONE_REPEATED_OF) == 0) {
                    again.add(producer.send(sent.removeFirst()));
                }
                if (random.nextInt(ONE_BAD_OF) == 0) {
                    poison.add(producer.send(record(random.nextInt(partitions), "bad" + i, "{\"text\":")));
                }
            }
        }
        Map<Integer, NavigableMap<Long, LoggedDocument>> logged = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            logged.put(partition, new TreeMap<>());
        }
        for (Sent document : documents) {
            RecordMetadata place = document.report().get();
            logged.computeIfAbsent(place.partition(), _ -> new TreeMap<>())
                    .put(place.offset(), new LoggedDocument(document.id(), document.tokens()));
        }
        for (Future<RecordMetadata> report : again) {
            report.get();
        }
        Set<Place> bad = new HashSet<>();
        for (Future<RecordMetadata> report : poison) {
            bad.add(new Place(report.get().partition(), report.get().offset()));
        }
        return new DocumentLog(logged, bad, again.size());
    }

    long records() {
        return documents.values().stream().mapToLong(Map::size).sum() + poison.size() + repeated;
    }

    long tokens() {
        return documents.values().stream()
                .flatMap(partition -> partition.values().stream())
                .mapToLong(LoggedDocument::tokens)
                .sum();
    }

    /// Each token of a partition is a target once, but for its very first.
    long targets() {
        return tokens()
                - documents.values().stream()
                        .filter(partition -> !partition.isEmpty())
                        .count();
    }

    /// From a single letter to what fills several windows.
    private static String text(Random random) {
        int words = random.nextInt(10) == 0 ? 40 + random.nextInt(40) : 1 + random.nextInt(16);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(i == 0 ? "" : " ").append(Integer.toString(random.nextInt(1 << 16), 36));
        }
        return text.toString();
    }

    private static ProducerRecord<String, String> record(int partition, String key, String value) {
        return new ProducerRecord<>(KafkaMain.DOCUMENTS, partition, key, value);
    }
}
