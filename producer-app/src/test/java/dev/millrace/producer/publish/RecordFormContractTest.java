package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.DocumentReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class RecordFormContractTest {
    /// The contract: what the producer writes, the trainer reads. Both assert the same golden file.
    @Test
    void writesTheGoldenRecords() throws IOException {
        DocumentReader reader = new DocumentReader(1 << 20, 512, 32);
        try (InputStream golden = getClass().getResourceAsStream("/contract/document-records.json")) {
            JsonNode records = new ObjectMapper().readTree(golden);
            assertThat(records).isNotEmpty();
            for (JsonNode each : records) {
                byte[] value = each.get("value").asText().getBytes(StandardCharsets.UTF_8);

                Admission admission = reader.read(value);

                assertThat(admission).isInstanceOfSatisfying(Admission.Accepted.class, accepted -> {
                    ProducerRecord<String, byte[]> record = RecordForm.of("documents", accepted.document());
                    assertThat(record.key()).isEqualTo(each.get("key").asText());
                    assertThat(record.value()).isEqualTo(value);
                    Map<String, String> headers = new TreeMap<>();
                    record.headers()
                            .forEach(header ->
                                    headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
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
}
