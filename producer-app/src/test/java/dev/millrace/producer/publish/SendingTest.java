package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.DocumentReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

class SendingTest {
    private static final RecordMetadata PLACE = new RecordMetadata(new TopicPartition("documents", 1), 17, 0, 5, 1, 12);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final DeliveryReports reports = new DeliveryReports(registry);

    /// As of a record that was taken in by a producer that may not write any more.
    @Test
    void aDocumentOfWhichTheProducerThrowsAndCallsBackIsCountedOnce() throws Exception {
        Sending sending = new Sending(document(), reports, () -> {});

        sending.refused(new KafkaException("in an error state"));
        onAnotherThread(() -> sending.onCompletion(PLACE, new ClusterAuthorizationException("no more")));

        assertThat(reports.inFlightBytes()).isZero();
        assertThat(deliveries("failed")).isEqualTo(1);
        assertThat(sending.answer())
                .isCompletedWithValue(new Delivery.Failed("KafkaException: in an error state", true));
    }

    @Test
    void whatIsUnderWayIsHeldUntilItsFateIsKnown() throws Exception {
        boolean[] told = new boolean[1];
        Sending sending = new Sending(document(), reports, () -> told[0] = !deliveredYet());
        assertThat(reports.inFlightBytes()).isEqualTo(12);

        onAnotherThread(() -> sending.onCompletion(PLACE, null));

        assertThat(told[0]).as("said before it is counted").isTrue();
        assertThat(reports.inFlightBytes()).isZero();
        assertThat(deliveries("delivered")).isEqualTo(1);
        assertThat(sending.answer()).isCompletedWithValue(new Delivery.Delivered("documents", 1, 17, 5));
    }

    /// A fault that another thread tells of came after the record was handed over.
    @Test
    void onlyWhatTheCallersOwnThreadTellsWasCertainlyNotSent() throws Exception {
        Sending early = new Sending(document(), reports, () -> {});
        Sending late = new Sending(document(), reports, () -> {});

        early.onCompletion(PLACE, new KafkaException("?"));
        onAnotherThread(() -> late.onCompletion(PLACE, new KafkaException("?")));

        assertThat(early.answer().join()).isInstanceOf(Delivery.Failed.class);
        assertThat(late.answer().join()).isInstanceOf(Delivery.Unknown.class);
    }

    /// A producer that lacks rights to the cluster gives up all that it has under way, whether a broker has it
    /// or not, and may recover with what it took in before it threw.
    @Test
    void missingRightsToTheClusterSayNothingOfARecordAndMissingRightsToItsTopicSayAll() throws Exception {
        Sending givenUp = new Sending(document(), reports, () -> {});
        Sending thrown = new Sending(document(), reports, () -> {});
        Sending refused = new Sending(document(), reports, () -> {});

        onAnotherThread(() -> givenUp.onCompletion(PLACE, new ClusterAuthorizationException("no")));
        thrown.refused(new KafkaException("in an error state", new ClusterAuthorizationException("no")));
        onAnotherThread(() -> refused.onCompletion(PLACE, new TopicAuthorizationException("no")));

        assertThat(givenUp.answer().join()).isInstanceOf(Delivery.Unknown.class);
        assertThat(thrown.answer().join())
                .isEqualTo(
                        new Delivery.Unknown("KafkaException: in an error state (ClusterAuthorizationException: no)"));
        assertThat(refused.answer().join()).isEqualTo(new Delivery.Failed("TopicAuthorizationException: no", false));
    }

    private static void onAnotherThread(Runnable action) throws Exception {
        CompletableFuture.runAsync(action).get();
    }

    private boolean deliveredYet() {
        return deliveries("delivered") > 0;
    }

    private double deliveries(String status) {
        return registry.get("millrace.deliveries")
                .tag("status", status)
                .functionCounter()
                .count();
    }

    private static Document document() {
        byte[] body = "{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_8);
        return ((Admission.Accepted) new DocumentReader(1_000, 100, 10).read(body)).document();
    }
}
