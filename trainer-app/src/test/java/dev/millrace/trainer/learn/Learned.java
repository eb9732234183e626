package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a learner holds, by the names of its parameters, to hold two of them against each other.
final class Learned {
    private Learned() {}

    static Map<String, float[]> weights(Learner learner) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        learner.model().parameters().forEach((name, weight) -> weights.put(name, weight.toFloatArray()));
        return weights;
    }

    /// Of the parameters that have one.
    static Map<String, float[]> gradients(Learner learner) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        learner.model().parameters().forEach((name, weight) -> {
            if (weight.hasGradient()) {
                try (NDArray gradient = weight.getGradient()) {
                    gradients.put(name, gradient.toFloatArray());
                }
            }
        });
        return gradients;
    }

    /// To the bit.
    static void requireEqual(Map<String, float[]> actual, Map<String, float[]> wanted) {
        assertThat(actual.keySet()).isEqualTo(wanted.keySet());
        wanted.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
    }
}
