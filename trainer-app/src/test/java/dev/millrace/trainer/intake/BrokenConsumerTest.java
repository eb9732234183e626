package dev.millrace.trainer.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class BrokenConsumerTest {
    private static final TopicPartition PARTITION = new TopicPartition("documents", 3);

    @Test
    void deletedRecordsAreSaidWithTheirPlaceAndWhatToDo() {
        assertThat(told(new OffsetOutOfRangeException("out of range", Map.of(PARTITION, 17L))))
                .startsWith("documents-3@17 is not on the log")
                .contains("deleted before they were trained")
                .contains("millrace.checkpoint.directory");
    }

    @Test
    void aTakenInstanceIdIsSaidWithItsSetting() {
        assertThat(told(new FencedInstanceIdException("fenced")))
                .contains("another live member of group g")
                .contains("millrace.intake.instance-id");
    }

    @Test
    void anUnreadableRecordIsSaidWithItsPlace() {
        assertThat(told(new RecordDeserializationException(
                        RecordDeserializationException.DeserializationExceptionOrigin.VALUE,
                        PARTITION,
                        17,
                        0,
                        TimestampType.CREATE_TIME,
                        ByteBuffer.allocate(0),
                        ByteBuffer.allocate(0),
                        new RecordHeaders(),
                        "no",
                        new IllegalStateException())))
                .startsWith("documents-3@17 cannot be read");
    }

    @Test
    void whoIsNotLetInIsToldWhatIsNeeded() {
        assertThat(told(new TopicAuthorizationException(Set.of("documents"))))
                .contains("topic documents needs READ", "group g needs READ");
        assertThat(told(new SaslAuthenticationException("wrong password")))
                .contains("kafka.sasl", "SaslAuthenticationException: wrong password");
    }

    @Test
    void whateverElseBreaksIsSaidWithTheStandOfEveryPartition() {
        assertThat(told(new KafkaException("corrupt")))
                .contains("KafkaException: corrupt")
                .endsWith("records were taken in up to documents-0@5, documents-3@17");
    }

    private static String told(RuntimeException failure) {
        IntakeFailedException told = BrokenConsumer.explain(failure, "documents", "g", Map.of(3, at(17), 0, at(5)));
        assertThat(told).hasCause(failure);
        return String.valueOf(told.getMessage());
    }

    private static RecordExchange.PartitionStatus at(long offset) {
        return new RecordExchange.PartitionStatus(offset, 0, 0, 0, true);
    }
}
