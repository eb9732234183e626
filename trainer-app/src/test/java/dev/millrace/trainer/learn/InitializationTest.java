package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.model.ParameterSpec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class InitializationTest {
    private static final ParameterSpec MATRIX =
            new ParameterSpec("model.layers.0.mlp.up_proj.weight", new Shape(1100, 1000), ParameterSpec.Role.MATRIX);
    private static final ParameterSpec GAIN =
            new ParameterSpec("model.norm.weight", new Shape(5), ParameterSpec.Role.GAIN);

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void drawsNormalNumbersOfTheGivenWidth() {
        float[] weights = values(new Initialization(3, 0.006), MATRIX);

        double mean = 0;
        double square = 0;
        double fourth = 0;
        for (float weight : weights) {
            double scaled = weight / 0.006;
            mean += scaled / weights.length;
            square += scaled * scaled / weights.length;
            fourth += Math.pow(scaled, 4) / weights.length;
        }
        assertThat(mean).isCloseTo(0, within(0.005));
        assertThat(square).isCloseTo(1, within(0.01));
        assertThat(fourth).as("kurtosis of a normal distribution").isCloseTo(3, within(0.05));
    }

    @Test
    void dependsOnSeedAndNameOnly() {
        ParameterSpec small = new ParameterSpec(MATRIX.name(), new Shape(2, 3), MATRIX.role());
        ParameterSpec other = new ParameterSpec("model.layers.1.mlp.up_proj.weight", small.shape(), small.role());

        float[] first = values(new Initialization(3, 0.006), small);

        assertThat(values(new Initialization(3, 0.006), small)).isEqualTo(first);
        assertThat(values(new Initialization(4, 0.006), small)).isNotEqualTo(first);
        assertThat(values(new Initialization(3, 0.006), other)).isNotEqualTo(first);
    }

    @Test
    void startsGainsAtOne() {
        assertThat(values(new Initialization(3, 0.006), GAIN)).hasSize(5).containsOnly(1f);
    }

    private static float[] values(Initialization initialization, ParameterSpec spec) {
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return initialization.create(spec, owner).toFloatArray();
        }
    }
}
