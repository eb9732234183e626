package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.publish.Transactions;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/// On a real broker.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class StateTopicTest {
    private static final String ID = "0123456789abcdef";
    private static final Path FILE = Path.of("/data/a.jsonl");

    @Inject
    Transactions transactions;

    @Test
    void theNewestCursorIsFoundBehindATransactionOfAnotherIngestionThatIsStillOpen() throws Exception {
        // Given
        IngestionLog.Opener opener = KafkaIngestionLog.opener(transactions, ID, KafkaMain.INGESTIONS);
        IngestionState state = IngestionState.unordered(FILE, true).orderedAfter(Optional.empty());
        try (KafkaProducer<String, String> killed = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        KafkaTestResource.kafka().bootstrapServers(),
                        "transactional.id",
                        "another-ingestion"),
                new StringSerializer(),
                new StringSerializer())) {
            killed.initTransactions();
            try (IngestionLog log = opener.open()) {
                log.commit(state, List.of(cursor(1)));
                killed.beginTransaction();
                killed.send(new ProducerRecord<>(KafkaMain.INGESTIONS, 0, "another", "{}"))
                        .get();
                log.commit(state, List.of(cursor(2)));
            }
            // As the coordinator does after transaction.timeout.ms.
            CompletableFuture<Void> aborted = CompletableFuture.runAsync(
                    killed::abortTransaction, CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS));

            // When
            try (IngestionLog log = opener.open()) {
                // Then
                assertThat(log.progress().cursors()).containsEntry(FILE, cursor(2));
            }
            aborted.join();
        }
    }

    private static FileCursor cursor(long line) {
        return new FileCursor(FILE, FileHead.NONE, line, line);
    }
}
