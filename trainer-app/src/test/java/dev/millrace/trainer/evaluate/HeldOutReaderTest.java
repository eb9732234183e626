package dev.millrace.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldOutReaderTest {
    private static final Path SHIPPED = Path.of("src/main/resources/quickstart/tokenizer");

    @TempDir
    private Path directory;

    private DocumentTokenizer tokenizer;

    @BeforeEach
    void load() throws IOException {
        tokenizer = DocumentTokenizer.load(SHIPPED);
    }

    @AfterEach
    void close() {
        tokenizer.close();
    }

    private final HeldOutSet.Builder set = new HeldOutSet.Builder(new HeldOutSet.Shape(10, 1, false), 30);

    private HeldOutReader reader() {
        return new HeldOutReader(new DocumentDecoder(1000), tokenizer, set);
    }

    @Test
    void aTextIsADocumentAndSoIsEachLineOfJson() throws IOException {
        // Given: a byte is a token, and each document begins with one more
        Path text = Files.writeString(directory.resolve("a.txt"), "Grüße\n");
        Path lines = Files.writeString(directory.resolve("b.jsonl"), """
                {"text":"first"}

                {"text":"the second","id":"7"}
                """);
        HeldOutReader reader = reader();

        // When
        reader.read(text);
        reader.read(lines);

        // Then: 9 + 6 + 11 tokens
        assertThat(reader.full()).isFalse();
        assertThat(set.build().orElseThrow()).hasToString("3 held-out documents of 23 bytes in 3 windows");
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        Path lines = Files.writeString(directory.resolve("b.jsonl"), "{\"text\":\"first\"}\n{\"title\":1}\n");

        assertThatThrownBy(() -> reader().read(lines))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("b.jsonl, line 2 is no document: ");
        assertThatThrownBy(() -> reader().read(directory))
                .hasMessageContaining("millrace.evaluation.files names " + directory);
    }

    @Test
    void aTopicIsReadPartitionByPartitionUntilTheSetIsFull() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory);
                KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            // Given
            kafka.createTopic("held-out", 2);
            companion
                    .produceStrings()
                    .fromRecords(List.of(
                            new ProducerRecord<>("held-out", 1, "k", "{\"text\":\"a longer one\"}"),
                            new ProducerRecord<>("held-out", 1, "k", "{\"text\":\"no room for this one\"}"),
                            new ProducerRecord<>("held-out", 0, "k", "{\"text\":\"first\"}"),
                            new ProducerRecord<>("held-out", 0, "k", "no document")))
                    .awaitCompletion(Duration.ofSeconds(30));
            HeldOutReader reader = reader();

            // When
            reader.read(new LogInspector(Map.of("bootstrap.servers", kafka.bootstrapServers()), "held-out", "a-group"));

            // Then
            assertThat(reader.full()).isTrue();
            assertThat(reader.passedBy()).isEqualTo(1);
            assertThat(set.build().orElseThrow()).hasToString("2 held-out documents of 17 bytes in 2 windows");
        }
    }
}
