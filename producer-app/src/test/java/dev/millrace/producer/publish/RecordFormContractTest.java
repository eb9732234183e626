package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.DocumentForms;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.LargeBody;
import dev.millrace.producer.document.MediaType;
import dev.millrace.producer.document.Names;
import dev.millrace.producer.document.QualityRules;
import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.MemoryStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class RecordFormContractTest {
    /// The contract: what the producer writes, the trainer reads. Both assert the same golden file.
    @Test
    void writesTheGoldenRecords() throws IOException {
        Optional<MediaStore> store = Optional.of(new MediaStore(new MemoryStore(), 1 << 20));
        try (InputStream golden = getClass().getResourceAsStream("/contract/document-records.json")) {
            JsonNode records = new ObjectMapper().readTree(golden);
            assertThat(records).isNotEmpty();
            for (JsonNode each : records) {
                byte[] value = each.has("value")
                        ? each.get("value").asText().getBytes(StandardCharsets.UTF_8)
                        : Base64.getDecoder().decode(each.get("valueBase64").asText());
                JsonNode request = each.path("request");
                MediaType type = MediaType.parse(request.path("contentType").asText("application/json"))
                        .orElseThrow();
                Names names = new Names(text(request, "id"), text(request, "source"));

                // Without a body of its own the request is the record's value.
                byte[] body = text(request, "bodyBase64")
                        .map(Base64.getDecoder()::decode)
                        .orElse(value);
                int maxSize = request.path("maxSize").asInt(1 << 20);
                DocumentForms forms =
                        new DocumentForms(new DocumentReader(maxSize, 512, 32), 512, 64, QualityRules.NONE, store);

                Admission admission = admit(forms.reader(type, names).orElseThrow(), body, maxSize);

                assertThat(admission)
                        .as(each.get("name").asText())
                        .isInstanceOfSatisfying(Admission.Accepted.class, accepted -> {
                            ProducerRecord<String, byte[]> record = RecordForm.of("documents", accepted.document());
                            assertThat(record.key()).isEqualTo(each.get("key").asText());
                            assertThat(record.value()).isEqualTo(value);
                            Map<String, String> headers = new TreeMap<>();
                            record.headers()
                                    .forEach(header -> headers.put(
                                            header.key(), new String(header.value(), StandardCharsets.UTF_8)));
                            Map<String, String> expected = new TreeMap<>();
                            each.get("headers")
                                    .properties()
                                    .forEach(header -> expected.put(
                                            header.getKey(), header.getValue().asText()));
                            assertThat(headers).isEqualTo(expected);
                        });
            }
        }
    }

    private static Admission admit(BodyReader reader, byte[] body, int maxSize) throws IOException {
        if (body.length <= maxSize) {
            return reader.read(body);
        }
        try (LargeBody large = ((BodyReader.Oversize.Taken) reader.oversize()).body()) {
            assertThat(large.take(body)).isEmpty();
            return large.end();
        }
    }

    private static Optional<String> text(JsonNode request, String name) {
        return Optional.ofNullable(request.get(name)).map(JsonNode::asText);
    }
}
