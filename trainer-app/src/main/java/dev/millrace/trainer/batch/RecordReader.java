package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.Decoded;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.tokenize.DocumentEncoder;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A record as tokens: decoding and tokenizing, which together are a pure function of the record and its place.
@FunctionalInterface
public interface RecordReader {
    Read read(ConsumerRecord<byte[], byte[]> record);

    /// The reader of the wire record.
    static RecordReader of(DocumentDecoder decoder, DocumentEncoder encoder) {
        return record -> switch (decoder.decode(record)) {
            case Decoded.Usable usable ->
                new Read.Tokens(
                        encoder.encode(usable.document().text(), record.partition(), record.offset()),
                        usable.document().id());
            case Decoded.Unusable _ -> new Read.Skipped(Untrained.Why.MEDIUM);
            case Decoded.Bad bad -> new Read.Rejected(bad.reason());
        };
    }
}
