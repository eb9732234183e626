package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

/// How far numbers are from those of a reference.
final class Distance {
    private Distance() {}

    static double largestDifference(float[] actual, float[] wanted) {
        assertThat(actual).hasSameSizeAs(wanted);
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            largest = Math.max(largest, Math.abs((double) actual[i] - wanted[i]));
        }
        return largest;
    }

    static double relativeDistance(float[] actual, float[] wanted) {
        assertThat(actual).hasSameSizeAs(wanted);
        float[] difference = new float[actual.length];
        for (int i = 0; i < actual.length; i++) {
            difference[i] = actual[i] - wanted[i];
        }
        return norm(difference) / norm(wanted);
    }

    static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}
