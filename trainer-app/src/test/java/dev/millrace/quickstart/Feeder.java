package dev.millrace.quickstart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Sends documents to the producer, as a client would.
final class Feeder {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Feeder() {}

    /// @return how many the producer says are on the log
    static long feed(int port, List<Corpus.Text> texts) throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder();
        for (Corpus.Text text : texts) {
            body.append(JSON.writeValueAsString(
                            Map.of("text", text.content(), "id", text.path(), "source", "kafka-clients")))
                    .append('\n');
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/documents"))
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        long delivered = 0;
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() != 200) {
                    throw new IOException("the producer answered " + response.statusCode() + ": "
                            + String.join(" ", lines.limit(20).toList()));
                }
                for (String line : (Iterable<String>) lines::iterator) {
                    JsonNode answer = JSON.readTree(line);
                    if (answer.path("status").asText().equals("delivered")) {
                        delivered++;
                    } else if (!answer.has("summary")) {
                        System.err.println("not delivered: " + line);
                    }
                }
            }
        }
        return delivered;
    }
}
