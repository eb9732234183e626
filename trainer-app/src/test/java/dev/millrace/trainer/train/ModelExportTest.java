package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import dev.millrace.trainer.weights.FloatFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelExportTest {
    private static final Path TOKENIZER = Path.of("src/main/resources/quickstart/tokenizer");

    @TempDir
    Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @ParameterizedTest
    @EnumSource(FloatFormat.class)
    void aModelThatWasExportedIsTheModel(FloatFormat format) throws IOException {
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 3);
                DocumentTokenizer tokenizer = DocumentTokenizer.load(TOKENIZER)) {
            SmallModels.step(learner, 0);

            // When
            Path written = new ModelExport(directory, format, tokenizer).write(learner);

            // Then
            assertThat(written).isEqualTo(directory.resolve("step-000000000001"));
            assertThat(written.toFile().list())
                    .containsExactlyInAnyOrder(
                            "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");
            assertThat(written.resolve("config.json")).content().contains("\"torch_dtype\" : \"" + format.torchName());
            try (Learner read = Learner.load(written, SmallModels.settings(0), Device.cpu())) {
                float[] wanted = logits(learner);
                float[] logits = logits(read);
                switch (format) {
                    case FP32 -> assertThat(logits).isEqualTo(wanted);
                    case BF16 -> assertThat(distance(logits, wanted)).isBetween(1e-5, 0.05);
                }
            }
        }
    }

    @Test
    void whatACrashLeftIsWrittenAnewAndWhatIsThereStays() throws IOException {
        Path unfinished = Files.createDirectory(directory.resolve(".writing-step-000000000000"));
        Files.writeString(unfinished.resolve("model.safetensors"), "half a mod");
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 3);
                DocumentTokenizer tokenizer = DocumentTokenizer.load(TOKENIZER)) {
            ModelExport export = new ModelExport(directory, FloatFormat.FP32, tokenizer);
            Path written = export.write(learner);
            byte[] before = Files.readAllBytes(written.resolve("model.safetensors"));

            assertThat(export.write(learner)).isEqualTo(written);
            assertThat(written.resolve("model.safetensors")).hasBinaryContent(before);
            assertThat(directory.toFile().list()).containsExactly("step-000000000000");
        }
    }

    private static float[] logits(Learner learner) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            TokenGrid grid = new TokenGrid(SmallModels.ids(7, 24, SmallModels.VOCABULARY), 2, SmallModels.COLUMNS);
            return learner.model().logits(scope, grid).toFloatArray();
        }
    }

    private static double distance(float[] one, float[] other) {
        double largest = 0;
        for (int i = 0; i < one.length; i++) {
            largest = Math.max(largest, Math.abs(one[i] - other[i]));
        }
        return largest;
    }
}
