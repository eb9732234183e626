package dev.millrace.trainer.train;

import ai.djl.Device;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.util.List;
import java.util.OptionalInt;

/// Settings of libtorch.
@ConfigMapping(prefix = "millrace.engine")
public interface EngineConfig {
    /// `auto` (a GPU where there is one, else the CPU), `cpu`, `gpu` or `gpu:N`. Of several, each gets a replica of the
    /// model, and the micro-batches of a step are dealt out among them.
    @WithDefault("auto")
    List<String> device();

    /// Type of matrix products. Weights, moments, norms, routers, softmax and loss are float32 in either.
    @WithDefault("auto")
    Products precision();

    /// `none`, or `layers`: of a layer only its input is kept, and the layer is run again on the way back. Much less
    /// memory for one more forward pass.
    @WithDefault("none")
    Recompute recompute();

    /// Threads of one operation on the CPU; all cores where it is not set. The same number gives the same bits.
    @Min(1)
    OptionalInt threads();

    /// Types of matrix products.
    enum Products {
        /// bfloat16 on a GPU, float32 on the CPU.
        AUTO,
        FP32,
        BF16;

        Precision on(Device device) {
            return switch (this) {
                case AUTO -> device.isGpu() ? Precision.BF16 : Precision.FP32;
                case FP32 -> Precision.FP32;
                case BF16 -> Precision.BF16;
            };
        }
    }
}
