package dev.millrace.trainer.train;

import ai.djl.Device;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What is being trained, and with what.
///
/// @param precision of matrix products
/// @param devices one for each replica
/// @param tokenizer its fingerprint
/// @param vocabulary ids that the tokenizer has
/// @param restored where the weights came from, if from a checkpoint
public record ModelCard(
        ModelConfig model,
        Precision precision,
        List<Device> devices,
        int threads,
        Path tokenizerDirectory,
        String tokenizer,
        int vocabulary,
        Optional<Restored> restored) {

    /// A checkpoint that the run went on from.
    public record Restored(long step, Path directory) {
        static Restored of(Checkpoint checkpoint) {
            return new Restored(checkpoint.manifest().step(), checkpoint.directory());
        }
    }

    static ModelCard of(
            ModelConfig model,
            RunSettings settings,
            List<Device> devices,
            int threads,
            DocumentTokenizer tokenizer,
            Optional<Checkpoint> checkpoint) {
        return new ModelCard(
                model,
                settings.engine().precision().on(devices.getFirst()),
                List.copyOf(devices),
                threads,
                settings.tokenizer().directory(),
                tokenizer.fingerprint(),
                tokenizer.vocabularySize(),
                checkpoint.map(Restored::of));
    }
}
