package dev.millrace.bench;

import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.Locale;

/// How a shape is measured, or why it is not.
sealed interface Plan {
    BenchShape shape();

    Precision precision();

    /// On the CPU, with all that it has; fewer rows where a step takes too long.
    record OnCpu(BenchShape shape, Precision precision) implements Plan {}

    /// On a device of a given size.
    ///
    /// @param rows as many as its memory has room for, and the shape has
    record OnDevice(BenchShape shape, Precision precision, int rows, Recompute recompute) implements Plan {}

    /// Not at all: the device is too small.
    ///
    /// @param needed bytes for one row
    /// @param free bytes that the device has
    record TooLarge(BenchShape shape, Precision precision, long needed, long free) implements Plan {
        String line() {
            return String.format(
                    Locale.ROOT,
                    "%s in %s is left out: a step of one row takes %.1f GB with every layer computed again, of the %.1f GB"
                            + " that are free a tenth stays so; fewer layers can be named: %s-2-of-%d-layers",
                    shape.label(),
                    precision.name().toLowerCase(Locale.ROOT),
                    needed / 1e9,
                    free / 1e9,
                    shape.label(),
                    shape.config().layers());
        }
    }
}
