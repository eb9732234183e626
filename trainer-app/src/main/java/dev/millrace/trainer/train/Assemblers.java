package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.BatchConfig;
import dev.millrace.trainer.batch.RecordReader;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.tokenize.DocumentEncoder;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.util.List;

/// The log as steps, as the settings describe them.
final class Assemblers {
    private Assemblers() {}

    /// @param steps that the run has done
    /// @throws IllegalArgumentException naming the setting that cannot be followed
    static BatchAssembler of(
            RunSettings settings,
            RecordSource source,
            DocumentTokenizer tokenizer,
            long steps,
            RunStart start,
            RunRecords records) {
        BatchConfig batch = settings.batch();
        DocumentDecoder decoder = new DocumentDecoder(
                Math.toIntExact(settings.intake().maxRecordSize().asLongValue()));
        DocumentEncoder encoder = DocumentEncoder.of(
                tokenizer,
                settings.tokenizer().fillInTheMiddle(),
                settings.train().seed());
        List<Skip.Range> skips = settings.intake().skip().orElse(List.of()).stream()
                .map(Skip.Range::parse)
                .toList();
        return new BatchAssembler(
                source,
                RecordReader.of(decoder, encoder),
                records.seen(),
                new SkipRanges(records.ledger().skips(), skips),
                new BatchAssembler.Shape(
                        batch.sequenceLength(),
                        batch.microBatch(),
                        Schedules.microBatches(batch),
                        settings.intake().maxConsecutiveBad()),
                steps,
                start.cursor(),
                start.bounds(),
                records.ledger().ahead());
    }
}
