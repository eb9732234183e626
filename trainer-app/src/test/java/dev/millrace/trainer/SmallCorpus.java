package dev.millrace.trainer;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;

/// Documents for a [SmallTrainer]: the same ones each time, on the two partitions of a new topic.
final class SmallCorpus {
    private SmallCorpus() {}

    static void produce(EmbeddedKafka kafka, int documents) {
        kafka.createTopic(KafkaMain.DOCUMENTS, 2);
        kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
        kafka.createTopic(KafkaMain.LEDGER, 1);
        Random random = new Random(20261123);
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int i = 0; i < documents; i++) {
            StringBuilder text = new StringBuilder();
            for (int words = 10 + random.nextInt(40); words > 0; words--) {
                text.append(Integer.toString(random.nextInt(1 << 16), 36)).append(' ');
            }
            records.add(new ProducerRecord<>(KafkaMain.DOCUMENTS, i % 2, "d" + i, "{\"text\":\"" + text + "\"}"));
        }
        try (KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            companion.produceStrings().fromRecords(records).awaitCompletion(Duration.ofSeconds(60));
        }
    }
}
