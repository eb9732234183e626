package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import dev.millrace.producer.unpack.UnpackingRoom;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class LinePublisherTest {
    @Inject
    Receptions receptions;

    /// A topic that was never allowed: requests are asked for that before, so the publisher has no answer to it.
    @Test
    void aDocumentThatMeetsAFaultOfOursIsReportedInItsPlaceAndCostsNoOther() {
        // Given
        BodyLines lines = new BodyLines(new Unpacking(ContentCoding.IDENTITY, 1, new UnpackingRoom(0)), 1_000);
        lines.feed("{\"text\":\"a\"}\n{broken\n{\"text\":\"b\",\"id\":\"b-1\"}\n".getBytes(StandardCharsets.UTF_8));
        LinePublisher stream = new LinePublisher(
                receptions.of("never-allowed", new DocumentReader(1_000, 100, 10)),
                new Visit("anyone", new Tally(), Optional.empty(), Optional.empty()),
                lines,
                () -> {});

        // When
        Burst burst = stream.next(false).burst();

        // Then
        burst.seal();
        assertThat(burst.isComplete()).isTrue();
        List<String> reports = new ArrayList<>();
        while (burst.hasNext()) {
            reports.add(ReportLines.object(burst.next()::writeMembers).toString());
        }
        assertThat(reports).hasSize(3);
        assertThat(reports.get(0)).contains("\"index\":0", "\"unknown\"", "a fault of this producer's");
        assertThat(reports.get(1)).contains("\"index\":1", "\"rejected\"", "broken JSON");
        assertThat(reports.get(2)).contains("\"index\":2", "\"b-1\"", "\"unknown\"", "a fault of this producer's");
    }
}
