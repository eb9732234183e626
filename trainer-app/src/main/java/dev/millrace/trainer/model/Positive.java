package dev.millrace.trainer.model;

/// Rules for the numbers of a `config.json`.
final class Positive {
    private Positive() {}

    static void require(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be at least 1");
        }
    }

    static void require(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be a positive number");
        }
    }
}
