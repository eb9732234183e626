package dev.millrace.trainer.intake;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentDecoderTest {
    private final DocumentDecoder decoder = new DocumentDecoder(2000);

    /// The contract: what the producer writes, the trainer reads. Both assert the same golden file.
    @Test
    void readsTheGoldenRecords() throws IOException {
        try (InputStream golden = getClass().getResourceAsStream("/contract/document-records.json")) {
            JsonNode records = new ObjectMapper().readTree(golden);
            assertThat(records).isNotEmpty();
            for (JsonNode each : records) {
                ConsumerRecord<byte[], byte[]> record = record(
                        each.has("value")
                                ? each.get("value").asText().getBytes(StandardCharsets.UTF_8)
                                : Base64.getDecoder()
                                        .decode(each.get("valueBase64").asText()));
                for (Map.Entry<String, JsonNode> header : each.get("headers").properties()) {
                    record.headers()
                            .add(header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8));
                }

                Decoded decoded = decoder.decode(record);

                assertThat(decoded)
                        .as(each.get("name").asText())
                        .isEqualTo(
                                each.has("skipped")
                                        ? new Decoded.Unusable(
                                                each.get("skipped").asText())
                                        : document(each.get("document")));
            }
        }
    }

    private static Decoded document(JsonNode expected) {
        return new Decoded.Usable(new Document(
                expected.get("text").asText(),
                Optional.ofNullable(expected.get("id")).map(JsonNode::asText)));
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
        assertThat(decoder.decode(record(new byte[2001])))
                .isInstanceOfSatisfying(
                        Decoded.Bad.class, bad -> assertThat(bad.reason()).contains("2001 bytes"));
        assertThat(decoder.decode(new ConsumerRecord<>("documents", 0, 0, null, null)))
                .isEqualTo(new Decoded.Bad("the record has no value"));
    }

    @Test
    void aMediumThatTheModelCannotUseIsNotBad() {
        ConsumerRecord<byte[], byte[]> image = record(new byte[] {(byte) 0x89, 'P', 'N', 'G'});
        image.headers().add("content-type", "image/png".getBytes(StandardCharsets.UTF_8));

        assertThat(decoder.decode(image)).isEqualTo(new Decoded.Unusable("image/png"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            {"reference":"ab/cd/%1$s","length":7,"sha256":"%1$s","contentType":"image/png"}        | image/png
            {"reference":"ab/cd/%1$s","length":7,"sha256":"%1$s","contentType":"Image/PNG; a=b","x":{}} | image/png
            {"reference":"../cd/%1$s","length":7,"sha256":"%1$s","contentType":"image/png"}        | bad
            {"reference":"ab/cd/%1$s/..","length":7,"sha256":"%1$s","contentType":"image/png"}     | bad
            {"reference":"ab/cd/%1$s","length":-7,"sha256":"%1$s","contentType":"image/png"}       | bad
            {"reference":"ab/cd/%1$s","length":"7","sha256":"%1$s","contentType":"image/png"}      | bad
            {"reference":"ab/cd/%1$s","sha256":"%1$s","contentType":"image/png"}                   | bad
            {"reference":"ab/cd/%1$s","length":7,"sha256":"%1$s"}                                  | bad
            {"reference":"ab/cd/abcd","length":7,"sha256":"abcd","contentType":"image/png"}        | bad
            {"reference":"ab/cd/%1$s","length":7,"sha256":"%1$s","contentType":"image/png"} {}     | bad
            {"reference":                                                                          | bad
            PNG                                                                                    | bad
            """)
    void aClaimToAMediumIsPassedByAndWhatIsNoneIsBad(String value, String expected) {
        String claim = value.formatted("abcd" + "0".repeat(60));
        ConsumerRecord<byte[], byte[]> record = record(claim.getBytes(StandardCharsets.UTF_8));
        record.headers().add("content-type", Claim.TYPE.getBytes(StandardCharsets.UTF_8));

        assertThat(decoder.decode(record))
                .isEqualTo(
                        expected.equals("bad")
                                ? new Decoded.Bad("the value is not the claim to a medium that its content-type says")
                                : new Decoded.Unusable(expected));
    }

    @Test
    void aTextIsTrainedWhateverItsMediaAre() {
        ConsumerRecord<byte[], byte[]> form = record("""
                --b

                A mill.
                --b
                Content-Type: application/vnd.millrace.claim+json

                {"reference":"nowhere"}
                --b--
                """.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        form.headers().add("content-type", "multipart/mixed; boundary=b".getBytes(StandardCharsets.UTF_8));

        assertThat(decoder.decode(form)).isEqualTo(new Decoded.Usable(new Document("A mill.", Optional.empty())));
    }

    @Test
    void aContainerThatIsNoneAndATextThatIsNoneAreBad() {
        ConsumerRecord<byte[], byte[]> cut = record("--b\r\n\r\nhalf".getBytes(StandardCharsets.UTF_8));
        cut.headers().add("content-type", "multipart/mixed; boundary=b".getBytes(StandardCharsets.UTF_8));
        ConsumerRecord<byte[], byte[]> latin1 = record("Grüße".getBytes(StandardCharsets.ISO_8859_1));
        latin1.headers().add("content-type", "text/plain".getBytes(StandardCharsets.UTF_8));

        assertThat(decoder.decode(cut))
                .isEqualTo(new Decoded.Bad("the value is not the multipart that its content-type says"));
        assertThat(decoder.decode(latin1)).isEqualTo(new Decoded.Bad("the text is not UTF-8"));
    }

    private static ConsumerRecord<byte[], byte[]> record(byte[] value) {
        return new ConsumerRecord<>("documents", 0, 0, null, value);
    }
}
