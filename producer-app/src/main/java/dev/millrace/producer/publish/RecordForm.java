package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;

/// The wire record, which `trainer-app` reads and which the golden files in `contract/` fix for both: the value is
/// the body as the client gave it, the key its id or content hash, the headers say the rest.
final class RecordForm {
    private RecordForm() {}

    static ProducerRecord<String, byte[]> of(String topic, Document document) {
        return of(topic, document, Optional.empty());
    }

    /// @param traceparent what the request that brought it belongs to (W3C Trace Context)
    static ProducerRecord<String, byte[]> of(String topic, Document document, Optional<String> traceparent) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, document.key(), document.value());
        Headers headers = record.headers();
        headers.add("content-type", bytes(document.contentType()));
        headers.add("sha256", bytes(document.contentHash()));
        document.clientId().ifPresent(id -> headers.add("id", bytes(id)));
        document.source().ifPresent(source -> headers.add("source", bytes(source)));
        document.damage().ifPresent(sign -> headers.add("suspect", bytes(sign.tag())));
        traceparent.ifPresent(trace -> headers.add("traceparent", bytes(trace)));
        return record;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
