package dev.millrace.trainer.intake;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentDecoderTest {
    private final DocumentDecoder decoder = new DocumentDecoder(200);

    /// The contract: what the producer writes, the trainer reads. Both assert the same golden file.
    @Test
    void readsTheGoldenRecords() throws IOException {
        try (InputStream golden = getClass().getResourceAsStream("/contract/document-records.json")) {
            JsonNode records = new ObjectMapper().readTree(golden);
            assertThat(records).isNotEmpty();
            for (JsonNode each : records) {
                ConsumerRecord<byte[], byte[]> record =
                        record(each.get("value").asText().getBytes(StandardCharsets.UTF_8));
                for (Map.Entry<String, JsonNode> header : each.get("headers").properties()) {
                    record.headers()
                            .add(header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8));
                }

                Decoded decoded = decoder.decode(record);

                assertThat(decoded)
                        .as(each.get("name").asText())
                        .isEqualTo(new Decoded.Usable(new Document(
                                each.get("document").get("text").asText(),
                                Optional.ofNullable(each.get("document").get("id"))
                                        .map(JsonNode::asText))));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            {"text": "cut of      | broken JSON
            ["text"]              | not a JSON object
            "text"                | not a JSON object
            {"body": "x"}         | no 'text'
            {"text": 17}          | not a string
            {"text": ""}          | empty
            {"text": "a"} {}      | something follows
            {"text":"a","text":"b"} | broken JSON
            """)
    void saysWhatIsWrongWithABadRecord(String value, String reason) {
        Decoded decoded = decoder.decode(record(value.getBytes(StandardCharsets.UTF_8)));

        assertThat(decoded)
                .isInstanceOfSatisfying(
                        Decoded.Bad.class,
                        bad -> assertThat(bad.reason()).contains(reason).doesNotContain("cut of"));
    }

    @Test
    void refusesWhatIsNotUtf8TooLargeOrNotThere() {
        byte[] latin1 = "{\"text\": \"Grüße\"}".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(decoder.decode(record(latin1))).isEqualTo(new Decoded.Bad("the value is not UTF-8"));
        assertThat(decoder.decode(record(new byte[201])))
                .isInstanceOfSatisfying(
                        Decoded.Bad.class, bad -> assertThat(bad.reason()).contains("201 bytes"));
        assertThat(decoder.decode(new ConsumerRecord<>("documents", 0, 0, null, null)))
                .isEqualTo(new Decoded.Bad("the record has no value"));
    }

    @Test
    void aMediumThatTheModelCannotUseIsNotBad() {
        ConsumerRecord<byte[], byte[]> image = record(new byte[] {(byte) 0x89, 'P', 'N', 'G'});
        image.headers().add("content-type", "image/png".getBytes(StandardCharsets.UTF_8));

        assertThat(decoder.decode(image)).isEqualTo(new Decoded.Unusable("image/png"));
    }

    private static ConsumerRecord<byte[], byte[]> record(byte[] value) {
        return new ConsumerRecord<>("documents", 0, 0, null, value);
    }
}
