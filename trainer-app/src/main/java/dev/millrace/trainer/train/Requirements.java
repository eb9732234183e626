package dev.millrace.trainer.train;

import ai.djl.Device;
import dev.millrace.trainer.batch.BatchConfig;
import dev.millrace.trainer.checkpoint.CheckpointConfig;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.learn.DeviceChoice;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.util.List;

/// What settings must have in common with each other, and with what they name, for a run to begin. Each refusal names
/// both sides.
final class Requirements {
    private Requirements() {}

    /// The devices that the settings name.
    ///
    /// @throws IllegalArgumentException where there are more of them than a step can keep busy
    static List<Device> devices(EngineConfig engine, BatchConfig batch) {
        List<Device> devices = DeviceChoice.resolve(engine.device());
        if (devices.size() > batch.accumulation()) {
            throw new IllegalArgumentException("millrace.engine.device = " + engine.device() + " asks for "
                    + devices.size() + " replicas, but millrace.batch.accumulation = " + batch.accumulation()
                    + " micro-batches of a step cannot keep them busy");
        }
        return devices;
    }

    /// A replay in the group of the run that it replays would take partitions from it.
    ///
    /// @throws IllegalArgumentException where that is so
    static void groupOfItsOwn(CheckpointConfig checkpoint, LogInspector inspector) throws InterruptedException {
        if (checkpoint.replayFrom().isEmpty()) {
            return;
        }
        List<String> members = inspector.members();
        if (!members.isEmpty()) {
            throw new IllegalArgumentException("mp.messaging.incoming.documents.group.id = " + inspector.group()
                    + " has members already (" + String.join(", ", members)
                    + "), and a replay would take partitions from them: give it a group of its own; one that was killed"
                    + " leaves its group when its session ends");
        }
    }

    /// @throws IllegalArgumentException where the tokenizer has ids, or a window places, that the model has not
    static void fit(RunSettings settings, ModelConfig model, DocumentTokenizer tokenizer) {
        if (tokenizer.vocabularySize() > model.vocabSize()) {
            throw new IllegalArgumentException("the tokenizer in millrace.tokenizer.directory = "
                    + settings.tokenizer().directory() + " has ids up to " + (tokenizer.vocabularySize() - 1)
                    + ", but vocab_size of the model is " + model.vocabSize());
        }
        if (settings.batch().sequenceLength() > model.maxPositions()) {
            throw new IllegalArgumentException("millrace.batch.sequence-length = "
                    + settings.batch().sequenceLength() + " is more than max_position_embeddings = "
                    + model.maxPositions() + " of the model");
        }
    }
}
