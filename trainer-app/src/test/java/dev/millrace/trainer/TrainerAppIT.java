package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.TraceCollector;
import dev.millrace.trainer.batch.Untrained;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.Lineage;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged trainer as a process, against a real broker.
class TrainerAppIT {
    private static final String TOPIC = "deepseek-training-data";
    private static final int GOOD = 100;

    @TempDir
    Path directory;

    @Test
    void anEpochAccountsForEveryRecordAndARunRefusesOtherSettings() throws Exception {
        Certificates certificates = Certificates.create(directory);
        EmbeddedKafka.Guard guard =
                new EmbeddedKafka.Guard("trainer", "only-a-password", certificates.store(), certificates.password());
        try (EmbeddedKafka kafka = EmbeddedKafka.start(guard, directory);
                KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            // Given
            kafka.createTopic(TOPIC, 4);
            kafka.createTopic("deepseek-dead-letters", 1);
            kafka.createTopic("deepseek-training-ledger", 1);
            companion.registerSerde(byte[].class, Serdes.ByteArray());
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < GOOD; i++) {
                records.add(record(i % 4, "{\"text\":\"Document number " + i + " of a small corpus.\"}"));
            }
            String trace = "0af7651916cd43dd8448eb211c80319c";
            records.get(7)
                    .headers()
                    .add("traceparent", ("00-" + trace + "-b7ad6b7169203331-01").getBytes(StandardCharsets.UTF_8));
            records.add(record(0, "{\"id\":\"no-text\"}"));
            records.add(record(1, "{\"text\":"));
            records.add(new ProducerRecord<>(TOPIC, 2, null, new byte[] {'{', (byte) 0xff, '}'}));
            ProducerRecord<byte[], byte[]> image = new ProducerRecord<>(TOPIC, 3, null, new byte[] {1, 2, 3});
            image.headers().add("content-type", "image/png".getBytes(StandardCharsets.UTF_8));
            records.add(image);
            companion.produce(byte[].class, byte[].class).fromRecords(records).awaitCompletion(Duration.ofSeconds(30));

            // When
            int exit;
            Map<String, String> settings = new HashMap<>(guard.scramSettings());
            try (TraceCollector collector = TraceCollector.start()) {
                settings.putAll(collector.settings());
                try (AppProcess trainer = trainer(kafka, 32, "first.log", settings)) {
                    exit = trainer.awaitExit(Duration.ofSeconds(60));
                    assertThat(exit).as(trainer.log()).isZero();
                }
                // The span of a step names the request that brought one of its records.
                assertThat(collector.holds("train step")).isTrue();
                assertThat(collector.holdsId(trace)).isTrue();
                assertThat(collector.holdsId("b7ad6b7169203331")).isTrue();
            }

            // Then
            Path checkpoint;
            try (Stream<Path> steps = Files.list(directory.resolve("checkpoints"))) {
                checkpoint = steps.filter(path -> path.getFileName().toString().startsWith("step-"))
                        .sorted()
                        .toList()
                        .getLast();
            }
            JsonNode counts = new ObjectMapper()
                    .readTree(checkpoint.resolve("manifest.json").toFile())
                    .at("/cursor/counts");
            assertThat(counts.path("records").asLong()).isEqualTo(GOOD + 4);
            assertThat(counts.path("rejected").asLong()).isEqualTo(3);
            assertThat(counts.path("skipped").asLong()).isEqualTo(1);
            for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
                assertThat(checkpoint.resolve(file)).isNotEmptyFile();
            }
            // Bad records behind the last window are known as well.
            LedgerReader ledger = LedgerReader.in(directory.resolve("checkpoints"));
            for (int partition = 0; partition < 3; partition++) {
                assertThat(ledger.of(partition, 25, 1))
                        .isInstanceOfSatisfying(
                                Lineage.LeftOut.class,
                                leftOut -> assertThat(leftOut.stretch().why()).containsExactly(Untrained.Why.BAD));
            }
            List<ConsumerRecord<byte[], byte[]>> dead = companion
                    .consume(byte[].class, byte[].class)
                    .fromTopics("deepseek-dead-letters", 3)
                    .awaitCompletion(Duration.ofSeconds(30))
                    .getRecords();
            assertThat(dead.stream().map(each -> header(each, "dead-letter-partition")))
                    .containsExactlyInAnyOrder("0", "1", "2");
            assertThat(dead).allSatisfy(each -> {
                assertThat(header(each, "dead-letter-topic")).isEqualTo(TOPIC);
                assertThat(header(each, "dead-letter-offset")).isEqualTo("25");
                assertThat(header(each, "dead-letter-reason")).isNotBlank();
            });

            requireLineage(kafka);

            // When the run goes on with another sequence length
            try (AppProcess trainer = trainer(kafka, 16, "second.log", Map.of())) {
                exit = trainer.awaitExit(Duration.ofSeconds(60));

                // Then
                assertThat(exit).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log()).contains("sequence-length").contains("begun with other settings");
            }
        }
    }

    /// Every step names its records, every record that was trained its steps, and one that was not why.
    private void requireLineage(EmbeddedKafka kafka) throws Exception {
        Map<String, String> idle = Map.of("millrace.train.enabled", "false");
        try (AppProcess trainer = trainer(kafka, 32, "idle.log", idle)) {
            trainer.awaitOk("/q/health/live", Duration.ofSeconds(60));
            JsonNode first = lineage(trainer, "step=1").get(0);
            assertThat(first.at("/composition/partitions/0/from/offset").asLong())
                    .isZero();
            assertThat(first.at("/result/loss").asDouble()).isBetween(1.0, 8.0);
            JsonNode ofRecord = lineage(trainer, "partition=2&offset=7");
            assertThat(ofRecord).isNotEmpty();
            for (JsonNode step : ofRecord) {
                assertThat(lineage(trainer, "step=" + step.get("step")).get(0)).isEqualTo(step);
            }
            HttpResponse<String> bad = trainer.get("/v1/lineage?partition=1&offset=25");
            assertThat(bad.statusCode()).as(bad.body()).isEqualTo(404);
            assertThat(bad.body())
                    .contains("Not trained", "partition 1 @25 was read for step", "its dead letter says why");
            assertThat(trainer.get("/v1/lineage?step=100000").statusCode()).isEqualTo(404);
            assertThat(trainer.get("/v1/lineage?partition=9&offset=0").statusCode())
                    .isEqualTo(404);
            for (String question : List.of("", "?step=1&partition=0&offset=0", "?partition=0")) {
                assertThat(trainer.get("/v1/lineage" + question).statusCode())
                        .as(question)
                        .isEqualTo(400);
            }
        }
    }

    private static JsonNode lineage(AppProcess trainer, String question) throws Exception {
        HttpResponse<String> answer = trainer.get("/v1/lineage?" + question);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }

    private static ProducerRecord<byte[], byte[]> record(int partition, String value) {
        return new ProducerRecord<>(TOPIC, partition, null, value.getBytes(StandardCharsets.UTF_8));
    }

    private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
        return new String(
                Objects.requireNonNull(letter.headers().lastHeader(name)).value(), StandardCharsets.UTF_8);
    }

    private AppProcess trainer(EmbeddedKafka kafka, int sequenceLength, String log, Map<String, String> more)
            throws IOException {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("millrace.train.epochs", "1");
        settings.put("millrace.batch.sequence-length", Integer.toString(sequenceLength));
        return new SmallTrainer(directory, kafka.bootstrapServers()).start("checkpoints", log, settings);
    }
}
