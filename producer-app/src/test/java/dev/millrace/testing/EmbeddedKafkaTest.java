package dev.millrace.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedKafkaTest {
    @TempDir
    Path directory;

    @Test
    void aRestartedNodeComesBackAtItsAddressWithItsLog() {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory);
                KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            kafka.createTopic("documents", 2);
            companion
                    .produceStrings()
                    .fromRecords(new ProducerRecord<>("documents", "id", "before"))
                    .awaitCompletion(Duration.ofSeconds(20));

            kafka.stopNode(1);
            kafka.startNode(1);

            assertThat(companion
                            .consumeStrings()
                            .fromTopics("documents", 1)
                            .awaitCompletion(Duration.ofSeconds(20))
                            .getFirstRecord()
                            .value())
                    .isEqualTo("before");
        }
    }
}
