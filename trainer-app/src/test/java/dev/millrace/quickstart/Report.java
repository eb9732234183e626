package dev.millrace.quickstart;

import dev.millrace.trainer.checkpoint.Checkpoint;
import java.util.Locale;

/// How a run went.
///
/// @param sent documents
/// @param acknowledged by the broker, as the producer says
/// @param checkpoint the trainer's last
/// @param firstLoss in nats per token
/// @param bigramEntropy of the fed corpus in nats per byte
/// @param trained what the model does with text that it has not seen
record Report(
        long sent, long acknowledged, Checkpoint checkpoint, double firstLoss, double bigramEntropy, Trained trained) {

    boolean passed() {
        return sent == acknowledged
                && sent == checkpoint.manifest().cursor().counts().records()
                && trained.natsPerByte() < bigramEntropy;
    }

    String table() {
        var manifest = checkpoint.manifest();
        var counts = manifest.cursor().counts();
        return String.format(
                Locale.ROOT,
                """

                documents sent             %,12d
                documents acknowledged     %,12d
                records consumed           %,12d
                records rejected           %,12d
                tokens trained             %,12d
                loss of the first step     %12.4f nats per token
                loss of the last step      %12.4f nats per token
                loss on held-out text      %12.4f nats per byte
                bigram entropy of corpus   %12.4f nats per byte: the model is %s
                checkpoint                 %s

                It writes:
                %s

                %s""",
                sent,
                acknowledged,
                counts.records(),
                counts.rejected(),
                manifest.targets(),
                firstLoss,
                manifest.loss(),
                trained.natsPerByte(),
                bigramEntropy,
                trained.natsPerByte() < bigramEntropy ? "below, as it should be" : "NOT BELOW",
                checkpoint.directory(),
                trained.sample(),
                passed() ? "All documents are accounted for." : "FAILED: see the table above.");
    }
}
