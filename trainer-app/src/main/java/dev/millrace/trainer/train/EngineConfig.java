package dev.millrace.trainer.train;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.util.OptionalInt;

/// Settings of libtorch.
@ConfigMapping(prefix = "millrace.engine")
public interface EngineConfig {
    /// `auto` (a GPU where there is one, else the CPU), `cpu`, `gpu` or `gpu:N`.
    @WithDefault("auto")
    String device();

    /// Threads of one operation on the CPU; all cores where it is not set. The same number gives the same bits.
    @Min(1)
    OptionalInt threads();
}
