package dev.millrace.proof;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/// What was put on the topic, as the broker acknowledged it: the truth that a run is held against.
///
/// @param documents per partition and offset
/// @param poison where the records are that are no documents
/// @param repeated records that are documents sent a second time, under the same id
record DocumentLog(Map<Integer, NavigableMap<Long, LoggedDocument>> documents, Set<Place> poison, int repeated) {
    /// One record of the topic.
    record Place(int partition, long offset) {}

    /// Creates the topics and fills that of the documents with `count` of them.
    static DocumentLog produce(EmbeddedKafka kafka, int count, int partitions, long seed)
            throws InterruptedException, ExecutionException {
        kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
        kafka.createTopic(KafkaMain.LEDGER, 1);
        try (DocumentFeed feed = new DocumentFeed(kafka, KafkaMain.DOCUMENTS, partitions, seed)) {
            feed.send(count);
            return feed.log();
        }
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

    /// Each token of a partition is a target once an epoch, but for the very first.
    long targets(int epochs) {
        return epochs * tokens()
                - documents.values().stream()
                        .filter(partition -> !partition.isEmpty())
                        .count();
    }

    /// Windows of so many targets that the partitions are cut into, without what is left at their ends.
    long windows(int length) {
        return documents.values().stream()
                .mapToLong(partition -> partition.values().stream()
                        .mapToLong(LoggedDocument::tokens)
                        .sum())
                .map(tokens -> Math.max(0, tokens - 1) / length)
                .sum();
    }
}
