package dev.millrace.trainer.learn;

import ai.djl.Device;
import dev.millrace.trainer.model.ModelConfig;
import java.util.Arrays;
import java.util.Locale;

/// Prints how many tokens per second a model learns: `TrainingRate HIDDEN LAYERS HEADS FFN VOCABULARY COLUMNS ROWS
/// THREADS SECONDS`. Not a test: what it says depends on what else the machine does.
final class TrainingRate {
    private TrainingRate() {}

    public static void main(String[] arguments) {
        int[] numbers = Arrays.stream(arguments).mapToInt(Integer::parseInt).toArray();
        int columns = numbers[5];
        int rows = numbers[6];
        System.out.println(TorchEngine.start(numbers[7]));
        ModelConfig config = ModelConfig.parse(
                """
                {"model_type":"llama","hidden_size":%d,"num_hidden_layers":%d,"num_attention_heads":%d,
                 "intermediate_size":%d,"vocab_size":%d,"max_position_embeddings":%d}
                """.formatted(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], columns), "the arguments");
        int[] ids = SmallModels.ids(1, rows * columns, numbers[4]);
        try (Learner learner = Learner.create(config, LearnerSettings.deepSeek(1), Device.cpu())) {
            int warmup = 3;
            long accumulating = 0;
            long started = System.nanoTime();
            int steps = 0;
            while (steps < warmup + 3 || System.nanoTime() - started < numbers[8] * 1_000_000_000L) {
                if (steps == warmup) {
                    started = System.nanoTime();
                    accumulating = 0;
                }
                long begun = System.nanoTime();
                learner.accumulate(ids, ids, rows, columns, ids.length);
                accumulating += System.nanoTime() - begun;
                learner.step(1e-3);
                steps++;
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            int measured = steps - warmup;
            System.out.printf(
                    Locale.ROOT,
                    "%s  %,d parameters  %d steps  %.0f tokens/s  %.1f ms a step, of which optimizer %.1f ms%n",
                    String.join(" ", arguments),
                    learner.parameterCount(),
                    measured,
                    measured * (double) ids.length / seconds,
                    seconds * 1e3 / measured,
                    (seconds - accumulating / 1e9) * 1e3 / measured);
        }
    }
}
