package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Clients that are slow to say what is to be ingested.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class OrderBodiesTest {
    /// More than there are worker threads.
    private static final int SLOW = 250;

    @TestHTTPResource("/v1/ingestions")
    URI ingestions;

    @Test
    void howeverManyAreSlowNobodyElseWaitsForThem() throws IOException {
        // Given
        List<RawRequest> slow = new ArrayList<>();
        try {
            for (int i = 0; i < SLOW; i++) {
                slow.add(order(1_000));
                slow.getLast().write("{\"path\":");
            }

            // When
            try (RawRequest stream = RawRequest.stream(ingestions.getPort(), "/v1/documents")) {
                stream.chunk("{\"text\":\"beside them\"}\n");

                // Then
                assertThat(stream.readUntil("status")).contains("delivered");
            }
            slow.getLast().write("\"" + "/".repeat(989) + "\"}");
            assertThat(slow.getLast().readUntil("roots")).startsWith("HTTP/1.1 403 ");
        } finally {
            for (RawRequest each : slow) {
                each.close();
            }
        }
    }

    @Test
    void anOrderThatIsTooLargeIsRefusedBeforeItIsRead() throws IOException {
        try (RawRequest large = order(1 << 20)) {
            assertThat(large.readUntil("at most")).startsWith("HTTP/1.1 413 ").contains("application/problem+json");
        }
    }

    private RawRequest order(int length) throws IOException {
        return RawRequest.raw(
                ingestions.getPort(),
                "POST /v1/ingestions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " + length
                        + "\r\n\r\n");
    }
}
