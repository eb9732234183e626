package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.Python;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.weights.FloatFormat;
import dev.millrace.trainer.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What we write is read by the hub's own tools, Transformers and PEFT, where there is a [Python] that has
/// them.
@SuppressWarnings("NullAway.Init") // JUnit fills the field
class HubToolsTest {
    private static final int VOCABULARY = 512;
    private static final int COLUMNS = 24;
    private static final LearnerSettings SETTINGS = SmallModels.settings(5);

    @TempDir
    Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @ParameterizedTest
    @CsvSource({
        "llama_gqa, q_proj k_proj v_proj o_proj gate_proj up_proj down_proj",
        "deepseek_v2_lite, q_proj kv_a_proj_with_mqa kv_b_proj o_proj",
        "deepseek_v2_lite, q_proj gate_proj up_proj down_proj",
        "deepseek_v2_lite, down_proj",
        "deepseek_v3_yarn, q_a_proj q_b_proj kv_a_proj_with_mqa kv_b_proj o_proj gate_proj up_proj down_proj"
    })
    void peftLoadsOurAdaptersAndTransformersTheModelsThatTheyAreMergedInto(String fixture, String modules)
            throws IOException, InterruptedException {
        assumeTrue(Python.has("peft, transformers"), Python.missing("Transformers and PEFT"));

        // Given
        Path base = Files.createDirectory(directory.resolve("base"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Path.of("src/test/resources/fixtures", fixture, file), base.resolve(file));
        }
        AdapterShape shape = new AdapterShape(4, 8, Set.of(modules.split(" ")));
        int[] ids = SmallModels.ids(7, 2 * COLUMNS, VOCABULARY);
        try (Learner learner = Learner.adapt(base, shape, SETTINGS, Device.cpu());
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (int step = 0; step < 5; step++) {
                SmallModels.step(learner, step);
            }
            learner.save(Files.createDirectory(directory.resolve("adapter")));
            learner.export(Files.createDirectory(directory.resolve("merged")), FloatFormat.FP32);
            NDArray logits_BTV = learner.model().logits(scope, new TokenGrid(ids, 2, COLUMNS));
            SafetensorsWriter.write(
                    directory.resolve("logits.safetensors"), Map.of("logits", logits_BTV), Map.of("format", "pt"));
        }
        Files.writeString(directory.resolve("ids.json"), "[%s, %s]".formatted(row(ids, 0), row(ids, 1)));

        // When
        Python.Ended tools = Python.run(Path.of("src/test/reference/hub_tools.py"), directory.toString());

        // Then
        assertThat(tools.exit()).as(tools.said()).isZero();
        System.out.println(fixture + "  "
                + tools.said().lines().filter(line -> line.contains("logit")).toList());
    }

    private static String row(int[] ids, int row) {
        return Arrays.toString(Arrays.copyOfRange(ids, row * COLUMNS, (row + 1) * COLUMNS));
    }
}
