package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// People look at a model while it is trained, and that changes no bit of it.
class TrainerGenerateIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int DOCUMENTS = 600;
    private static final String ASK = """
            {"prompt": "Document", "max_tokens": 20, "temperature": 0.8, "top_p": 0.9, "seed": 4}""";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void theModelSpeaksWhileItIsTrainedAndEndsAsIfNobodyHadAsked() throws Exception {
        try (http;
                EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            SmallCorpus.produce(kafka, DOCUMENTS);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());
            Path silent;
            try (AppProcess trainer = trainers.start("silent", settings(Map.of()))) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
                silent = last("silent");
            }

            // When: the same again, asked all the time
            long texts = 0;
            try (AppProcess trainer = trainers.start("asked", settings(Map.of("millrace.generate.max-share", "0.5")))) {
                trainer.awaitOk("/v1/model", LIMIT);
                assertThat(trainer.get("/q/openapi?format=json").body()).contains("\"/v1/generate\"");
                while (trainer.isAlive()) {
                    texts += ask(trainer, ASK).stream()
                            .filter(answer -> answer.statusCode() == 200)
                            .count();
                }
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
            }

            // Then
            assertThat(texts).isGreaterThan(3);
            for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
                assertThat(last("asked").resolve(file)).hasSameBinaryContentAs(silent.resolve(file));
            }

            // And of a model that waits for data, a text can be had again
            Map<String, String> waiting = settings(Map.of("millrace.generate.waiting", "1"));
            waiting.remove("millrace.train.epochs");
            waiting.put("millrace.checkpoint.every-steps", "1000000");
            try (AppProcess trainer = trainers.start("waiting", waiting)) {
                trainer.awaitOk("/q/health/ready", LIMIT);
                JsonNode first = requireText(ask(trainer, ASK).getFirst());
                JsonNode again = requireText(ask(trainer, ASK).getFirst());
                while (!again.get("step").equals(first.get("step"))) {
                    first = again;
                    again = requireText(ask(trainer, ASK).getFirst());
                }
                assertThat(again.get("text")).isEqualTo(first.get("text"));
                assertThat(first.get("step").asLong()).isNotNegative();
                assertThat(first.get("generated_tokens").asInt()).isBetween(0, 20);
                assertThat(first.get("prompt_tokens").asInt()).isEqualTo(9);
                requireCard(trainer);
                requireRefusals(trainer);
                requireTheSameInPieces(trainer);
                requireAnEndWhereTheClientGoes(trainer);
                requireBusy(trainer);
            }
        }
    }

    private void requireCard(AppProcess trainer) throws Exception {
        JsonNode card = JSON.readTree(trainer.get("/v1/model").body());
        assertThat(card.get("architecture").asText()).isEqualTo("LlamaForCausalLM");
        assertThat(card.at("/shape/hidden_size").asInt()).isEqualTo(32);
        assertThat(card.at("/parameters/total").asLong()).isPositive();
        assertThat(card.at("/parameters/active")).isEqualTo(card.at("/parameters/total"));
        assertThat(card.at("/tokenizer/vocabulary").asInt()).isEqualTo(259);
        assertThat(card.get("precision").asText()).isEqualTo("fp32");
        assertThat(card.at("/generation/max_tokens").asInt()).isEqualTo(256);
        assertThat(card.get("step").isIntegralNumber()).isTrue();
        assertThat(card.get("state").asText()).isEqualTo("training");
        assertThat(card.at("/checkpoint/directory").asText()).contains("waiting");
    }

    private void requireRefusals(AppProcess trainer) throws Exception {
        assertThat(problem(trainer, "{\"prompt\": \"a\", \"top_p\": 7}", 400)).contains("top_p must be");
        assertThat(problem(trainer, "{\"prompt\": \"" + "a".repeat(300) + "\", \"max_tokens\": 5}", 413))
                .contains("together they may be at most 256");
    }

    /// At one step: while there is data, the next text may be of a later one.
    private void requireTheSameInPieces(AppProcess trainer) throws Exception {
        for (HttpRequest asked : List.of(
                request(trainer, ASK.replace("}", ", \"stream\": true}")).build(),
                request(trainer, ASK).header("Accept", "text/event-stream").build())) {
            JsonNode whole = requireText(ask(trainer, ASK).getFirst());
            Streamed streamed = streamed(asked);
            while (!streamed.totals().get("step").equals(whole.get("step"))) {
                whole = requireText(ask(trainer, ASK).getFirst());
                streamed = streamed(asked);
            }
            assertThat(streamed.text()).isEqualTo(whole.get("text").asText());
            for (String total : List.of("finish", "seed", "generated_tokens", "prompt_tokens")) {
                assertThat(streamed.totals().get(total)).isEqualTo(whole.get(total));
            }
        }
        HttpResponse<String> refused = http.send(
                request(trainer, "{\"prompt\": 7, \"stream\": true}")
                        .header("Accept", "text/event-stream")
                        .build(),
                BodyHandlers.ofString());
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }

    private record Streamed(String text, JsonNode totals) {}

    private Streamed streamed(HttpRequest asked) throws Exception {
        HttpResponse<String> answer = http.send(asked, BodyHandlers.ofString());
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream");
        StringBuilder text = new StringBuilder();
        String[] events = answer.body().split("\n\n");
        for (String event : Arrays.copyOf(events, events.length - 1)) {
            text.append(
                    JSON.readTree(event.replaceFirst("^data: ", "")).get("text").asText());
        }
        String end = events[events.length - 1];
        assertThat(end).startsWith("event: end\ndata: ");
        return new Streamed(text.toString(), JSON.readTree(end.replaceFirst("^event: end\ndata: ", "")));
    }

    /// The end of the connection may come after that of the text: it is tried until it does not.
    private void requireAnEndWhereTheClientGoes(AppProcess trainer) throws Exception {
        String much = ASK.replace("20", "240").replace("}", ", \"stream\": true}");
        long whole = requireText(ask(trainer, ASK.replace("20", "240")).getFirst())
                .get("generated_tokens")
                .asLong();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        long written = whole;
        while (written == whole && System.nanoTime() < deadline) {
            long before = generation(trainer, "tokens");
            long texts = generation(trainer, "texts");
            try (Stream<String> lines = http.send(request(trainer, much).build(), BodyHandlers.ofLines())
                    .body()) {
                assertThat(lines.findFirst().orElseThrow()).startsWith("data: {\"text\":");
            }
            while (generation(trainer, "texts") == texts) {
                assertThat(System.nanoTime()).as("a text ends").isLessThan(deadline);
            }
            written = generation(trainer, "tokens") - before;
        }
        assertThat(written).isPositive().isLessThan(whole);
    }

    private static long generation(AppProcess trainer, String total) throws Exception {
        return JSON.readTree(trainer.get("/v1/model").body())
                .at("/generation/" + total)
                .asLong();
    }

    /// One prompt may wait: of several at once, the others are told when to come again.
    private void requireBusy(AppProcess trainer) throws Exception {
        String much = ASK.replace("20", "200").replace("0.8", "100");
        List<HttpResponse<String>> answers = ask(trainer, much, much, much, much, much, much);
        assertThat(answers)
                .extracting(HttpResponse::statusCode)
                .containsOnly(200, 429)
                .contains(200, 429);
        for (HttpResponse<String> answer : answers) {
            if (answer.statusCode() == 429) {
                assertThat(answer.headers().firstValueAsLong("Retry-After").orElse(0))
                        .isPositive();
            }
        }
    }

    private String problem(AppProcess trainer, String body, int status) throws Exception {
        HttpResponse<String> answer = ask(trainer, body).getFirst();
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        return JSON.readTree(answer.body()).get("detail").asText();
    }

    private JsonNode requireText(HttpResponse<String> answer) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    /// All at once. What finds no server any more is left out.
    private List<HttpResponse<String>> ask(AppProcess trainer, String... bodies) {
        List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
        for (String body : bodies) {
            asked.add(http.sendAsync(request(trainer, body).build(), BodyHandlers.ofString()));
        }
        return asked.stream()
                .map(answer -> answer.handle((response, gone) -> Stream.ofNullable(response)))
                .flatMap(CompletableFuture::join)
                .toList();
    }

    private static HttpRequest.Builder request(AppProcess trainer, String body) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + trainer.port() + "/v1/generate"))
                .timeout(LIMIT)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
    }

    private Path last(String name) throws Exception {
        try (Stream<Path> steps = Files.list(directory.resolve(name))) {
            return steps.filter(path -> path.getFileName().toString().startsWith("step-"))
                    .sorted()
                    .toList()
                    .getLast();
        }
    }

    private static Map<String, String> settings(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("millrace.train.epochs", "1");
        return settings;
    }
}
