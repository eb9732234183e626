package dev.millrace.producer.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/// What the packaged app makes of documents that come over HTTP, on a topic of their own.
///
/// @param module whose packaged app it is
/// @param directory for its log
/// @param time of one measurement; warming takes [#WARMING] times as long
record HttpTables(Path module, Path directory, String bootstrapServers, String topic, Duration time) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WARMING = 3;
    private static final int STREAMS = 4;
    private static final int STREAM_BYTES = 1_000 * Documents.KIBIBYTE;
    private static final int SINGLES = 64;
    /// Keeps the ids of documents of one size apart from those of another.
    private static final long NUMBERS_A_BYTE = 10_000_000;

    /// Documents of several sizes, by the raw client and as NDJSON, a megabyte a request.
    ArrayNode sizes(int[] sizes) throws IOException, InterruptedException {
        ArrayNode rows = JSON.createArrayNode();
        try (HttpProducer producer = start("sizes.log")) {
            for (int size : sizes) {
                Documents documents = new Documents(1, size, size * NUMBERS_A_BYTE);
                RawClient raw = new RawClient(bootstrapServers, topic, Map.of());
                raw.run(documents, time);
                rows.add(row(
                        size / Documents.KIBIBYTE + " KiB, raw",
                        raw.run(documents, time).sample()));
                HttpLoad load = producer.load(STREAMS, STREAM_BYTES / size);
                producer.measure(load, documents, time.multipliedBy(WARMING));
                rows.add(row(size / Documents.KIBIBYTE + " KiB, NDJSON", producer.measure(load, documents, time)));
            }
            producer.end();
        }
        return rows;
    }

    /// From the moment that a request is due to the poll that gives its document to a trainer, at shares of what is
    /// taken at most where nobody consumes.
    ArrayNode latencies(Documents documents) throws IOException, InterruptedException, ExecutionException {
        ArrayNode rows = JSON.createArrayNode();
        try (HttpProducer producer = start("latencies.log")) {
            for (int perRequest : new int[] {1, STREAM_BYTES / documents.size()}) {
                int connections = perRequest == 1 ? SINGLES : STREAMS;
                HttpLoad all = producer.load(connections, perRequest);
                producer.measure(all, documents, time.multipliedBy(WARMING));
                double most = producer.measure(all, documents, time).recordsPerSecond();
                for (double share : new double[] {0.1, 0.5, 0.75}) {
                    HttpLoad load = producer.load(connections, perRequest, share * most);
                    rows.add(row(
                            perRequest + " a request, " + Math.round(share * 100) + " %",
                            new HttpLatency(bootstrapServers, topic, documents).measure(load, time)));
                }
            }
            producer.end();
        }
        return rows;
    }

    private HttpProducer start(String log) throws IOException, InterruptedException {
        return HttpProducer.start(module, bootstrapServers, topic, directory.resolve(log));
    }

    private static ObjectNode row(String name, Sample sample) {
        return JSON.createObjectNode()
                .put("setting", name)
                .put("records_per_s", Math.round(sample.recordsPerSecond()))
                .put("mb_per_s", sample.megabytesPerSecond())
                .put("p50_ms", sample.latencyMillis(0.5))
                .put("p99_ms", sample.latencyMillis(0.99));
    }
}
