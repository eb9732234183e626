package dev.millrace.producer.document;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The schema at `/v1/schema` against the reader that decides.
class DocumentSchemaTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final DocumentReader reader = new DocumentReader(10_000, 512, 32);
    private final JsonNode document = resource("/schema/document.json");
    private final JsonSchema schema =
            JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(document);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"text\":\"a\"}",
                "{\"text\":\"a\",\"id\":\"1\",\"source\":\"s\",\"metadata\":{\"a\":[{}]}}",
                "{\"text\":\"a\",\"id\":17}",
                "{\"text\":\"a\",\"id\":1.5}",
                "{\"text\":\"a\",\"id\":\"\"}",
                "{\"text\":\"a\",\"id\":null}",
                "{\"text\":\"a\",\"source\":\"\"}",
                "{\"text\":\"a\",\"source\":7}",
                "{\"text\":\"a\",\"metadata\":[]}",
                "{\"text\":\"a\",\"metadata\":{}}",
                "{\"text\":\"a\",\"other\":[1]}",
                "{\"text\":\"\"}",
                "{\"text\":7}",
                "{\"txet\":\"a\"}",
                "{}",
                "[]",
                "\"text\"",
                "null"
            })
    void takesWhatTheReaderTakesAndNothingElse(String json) throws IOException {
        boolean taken = reader.read(json.getBytes(StandardCharsets.UTF_8)) instanceof Admission.Accepted;

        assertThat(schema.validate(JSON.readTree(json)).isEmpty()).isEqualTo(taken);
    }

    @Test
    void takesTheExamplesAndTheGoldenRecordsInJson() throws IOException {
        int golden = 0;
        for (JsonNode each : resource("/contract/document-records.json")) {
            if (each.get("headers").get("content-type").asText().equals("application/json")) {
                golden++;
                assertThat(schema.validate(JSON.readTree(each.get("value").asText())))
                        .isEmpty();
            }
        }
        assertThat(golden).isPositive();
        assertThat(document.get("examples"))
                .isNotEmpty()
                .allSatisfy(example -> assertThat(schema.validate(example)).isEmpty());
    }

    @Test
    void takesTheClaimsOfTheGoldenRecords() throws IOException {
        ObjectNode claims = document.get("$defs").get("claim").deepCopy();
        JsonSchema claim =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(claims);
        int golden = 0;
        for (JsonNode each : resource("/contract/document-records.json")) {
            if (each.get("headers").get("content-type").asText().equals(Claim.TYPE)) {
                golden++;
                assertThat(claim.validate(JSON.readTree(each.get("value").asText())))
                        .isEmpty();
            }
        }
        assertThat(golden).isPositive();
        assertThat(claim.validate(JSON.readTree("{\"reference\":\"../../../etc/passwd\"}")))
                .isNotEmpty();
    }

    private static JsonNode resource(String name) {
        try (InputStream in = Objects.requireNonNull(DocumentSchemaTest.class.getResourceAsStream(name))) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }
}
