package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.Tag;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What an operator can see at `/q/metrics`.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class MetricsTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TestHTTPResource("/v1/documents")
    URI documents;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            millrace_deliveries_total{status="delivered"}    | {"text":"counted"}                 | 1
            millrace_delivered_bytes_total                   | {"text":"counted"}                 | 18
            millrace_delivery_latency_seconds_count          | {"text":"counted"}                 | 1
            millrace_requests_total{type="single"}           | {"text":"counted"}                 | 1
            millrace_rejected_total{reason="missing"}        | {"id":"counted"}                   | 1
            millrace_rejected_total{reason="syntax"}         | {                                  | 1
            """)
    void aDocumentMovesItsCounters(String series, String document, double by) throws Exception {
        double before = value(series);

        post(document);

        assertThat(value(series) - before).isEqualTo(by);
    }

    @Test
    void aRetryAndAConflictMoveTheirs() throws Exception {
        post("{\"text\":\"a\",\"id\":\"counted-again\"}");
        double retries = value("millrace_not_sent_total{reason=\"retry\"}");
        double conflicts = value("millrace_not_sent_total{reason=\"conflict\"}");
        double delivered = value("millrace_deliveries_total{status=\"delivered\"}");

        post("{\"text\":\"a\",\"id\":\"counted-again\"}");
        post("{\"text\":\"b\",\"id\":\"counted-again\"}");

        assertThat(value("millrace_not_sent_total{reason=\"retry\"}")).isEqualTo(retries + 1);
        assertThat(value("millrace_not_sent_total{reason=\"conflict\"}")).isEqualTo(conflicts + 1);
        assertThat(value("millrace_deliveries_total{status=\"delivered\"}")).isEqualTo(delivered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "millrace_inflight_records", "millrace_inflight_bytes", "millrace_requests_held_bytes",
                "millrace_streams_open", "millrace_ingestions_running", "millrace_ingestions_waiting"
            })
    void whatIsUnderWayIsNothingWhereNothingIs(String gauge) throws Exception {
        post("{\"text\":\"over\"}");
        // What runs ingestions is made when it is first asked for; a server asks when it starts.
        get("/v1/ingestions");

        assertThat(scrape()).contains("\n" + gauge + " ");
        assertThat(value(gauge)).isZero();
    }

    @Test
    void eachDeliveryIsInOneBucketOfTheLatencies() throws Exception {
        List<Double> before = buckets();

        for (int i = 0; i < 3; i++) {
            post("{\"text\":\"timed\"}");
        }

        List<Double> after = buckets();
        assertThat(after).hasSizeGreaterThan(20).isSorted();
        assertThat(after.getLast() - (before.isEmpty() ? 0 : before.getLast())).isEqualTo(3);
        assertThat(after.getLast()).isEqualTo(value("millrace_delivery_latency_seconds_count"));
    }

    /// Each holds those before it.
    private List<Double> buckets() throws IOException, InterruptedException {
        return values("millrace_delivery_latency_seconds_bucket{");
    }

    @Test
    void theProducerOfKafkaTellsHowFarItPacks() throws Exception {
        // Much of the same, and much more of it than of what other tests have sent.
        post("{\"text\":\"" + "measured ".repeat(100_000) + "\"}");

        assertThat(values("kafka_producer_compression_rate_avg{"))
                .singleElement()
                .satisfies(rate -> assertThat(rate).isGreaterThan(0).isLessThan(1));
        assertThat(scrape()).contains("kafka_producer_buffer_available_bytes{", "kafka_producer_waiting_threads{");
    }

    /// Labels are kept for ever: who could make them up could fill the memory.
    @Test
    void noLabelOfAMetricIsOfAClientsMaking() throws Exception {
        // Given
        for (String request : List.of(
                "MADEUP /v1/documents",
                "GET /made/up",
                "POST /v1//documents?made",
                "POST /v1/topics/made-up/documents",
                "GET /v1/ingestions/made-up",
                "GET /v1/%made",
                "DELETE /made/up;x=y")) {
            try (RawRequest raw = RawRequest.raw(
                    documents.getPort(), request + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")) {
                assertThat(raw.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 4");
            }
        }
        post("{\"text\":\"known\"}");

        // Then
        await().atMost(Duration.ofSeconds(20))
                .until(() ->
                        scrape().contains("method=\"POST\",outcome=\"SUCCESS\",status=\"200\",uri=\"/v1/documents\""));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> scrape().contains("method=\"DELETE\",outcome=\"CLIENT_ERROR\""));
        List<MeterRegistry> registries = new ArrayList<>(Metrics.globalRegistry.getRegistries());
        registries.add(Metrics.globalRegistry);
        assertThat(registries.stream()
                        .flatMap(registry -> registry.getMeters().stream())
                        .flatMap(meter -> meter.getId().getTags().stream())
                        .map(Tag::getValue))
                .contains("/other", "/v1/topics/{topic}/documents", "/v1/ingestions/{id}")
                .allSatisfy(value ->
                        assertThat(value).doesNotContainIgnoringCase("made").doesNotContain("//"));
    }

    @Test
    void whatIsOursSaysWhatItIs() throws Exception {
        post("{\"text\":\"described\"}");

        List<String> lines = scrape().lines().toList();
        Set<String> described = lines.stream()
                .filter(line -> line.matches("# HELP millrace_\\w+ \\S.*"))
                .map(line -> line.split(" ", 4)[2])
                .collect(Collectors.toSet());
        Set<String> ours = lines.stream()
                .filter(line -> line.startsWith("# TYPE millrace_"))
                .map(line -> line.split(" ", 4)[2])
                .collect(Collectors.toSet());
        assertThat(ours).isNotEmpty();
        assertThat(described).containsAll(ours);
    }

    /// A counter that nobody has moved may not be there yet. A gauge is.
    private double value(String series) throws IOException, InterruptedException {
        return scrape().lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    private List<Double> values(String prefix) throws IOException, InterruptedException {
        return scrape().lines()
                .filter(line -> line.startsWith(prefix))
                .map(line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)))
                .toList();
    }

    private String scrape() throws IOException, InterruptedException {
        return get("/q/metrics");
    }

    private String get(String path) throws IOException, InterruptedException {
        return CLIENT.send(
                        HttpRequest.newBuilder(documents.resolve(path)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private void post(String document) throws IOException, InterruptedException {
        CLIENT.send(
                HttpRequest.newBuilder(documents)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(document))
                        .build(),
                HttpResponse.BodyHandlers.discarding());
    }
}
