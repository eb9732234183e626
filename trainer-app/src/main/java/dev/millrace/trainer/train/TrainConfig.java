package dev.millrace.trainer.train;

import dev.millrace.trainer.weights.FloatFormat;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// Settings of a training run.
@ConfigMapping(prefix = "millrace.train")
public interface TrainConfig {
    /// What to train: a `config.json` (random weights), or a Hugging Face model directory (its weights).
    Path model();

    /// Whether to train as soon as the application has started.
    @WithDefault("true")
    boolean enabled();

    /// The step after which the run ends.
    OptionalLong maxSteps();

    /// Passes over what the topic held when the run began; without it the run goes on for ever.
    OptionalInt epochs();

    /// Where a run without checkpoint begins: at the beginning of each partition where it is not set, but not where
    /// the group has committed offsets. Those say that weights were trained, which are not here.
    Optional<Start> start();

    /// Seed of the random weights, and of what is chosen at random among the documents.
    @WithDefault("0")
    long seed();

    /// Standard deviation of the random weights; `initializer_range` of the model where it is not set.
    OptionalDouble initStd();

    /// AdamW's β₁.
    @WithDefault("0.9")
    @DecimalMin("0")
    @DecimalMax(value = "1", inclusive = false)
    double beta1();

    /// AdamW's β₂.
    @WithDefault("0.95")
    @DecimalMin("0")
    @DecimalMax(value = "1", inclusive = false)
    double beta2();

    /// AdamW's ε.
    @WithDefault("1e-8")
    @DecimalMin(value = "0", inclusive = false)
    double epsilon();

    /// Decoupled weight decay of the parameters with two or more dimensions.
    @WithDefault("0.1")
    @DecimalMin("0")
    double weightDecay();

    /// Largest global gradient norm; larger ones are scaled down to it.
    @WithDefault("1.0")
    @DecimalMin(value = "0", inclusive = false)
    double maxGradientNorm();

    /// How far the bias of a V3 expert moves after each step towards an equal load (γ).
    @WithDefault("0.001")
    @DecimalMin("0")
    double routerBiasRate();

    /// Other rates from later steps on, `step:rate`, ascending; steps count from 1. DeepSeek-V3 ends with 0.
    Optional<List<String>> routerBiasRamp();

    /// Weight of the sequence-wise balance loss of experts (α).
    @WithDefault("0.0001")
    @DecimalMin("0")
    double balanceWeight();

    /// Weight of the loss of multi-token prediction (λ), for models with `num_nextn_predict_layers`.
    @WithDefault("0.3")
    @DecimalMin("0")
    double predictionWeight();

    /// Other weights from later steps on, `step:weight`, ascending; steps count from 1. DeepSeek-V3 ends with 0.1.
    Optional<List<String>> predictionRamp();

    /// Steps in a row without a finite loss and gradient norm that stop the training. Each leaves the weights as they
    /// are.
    @WithDefault("10")
    @Min(1)
    int maxNonFinite();

    /// Steps that are not applied because they leap out of those before.
    Spike spike();

    /// Low-rank adapters (LoRA) to learn in place of the model.
    Adapter adapter();

    /// The model for other tools, when the run is over.
    Export export();

    /// The learning rate over the steps.
    LearningRate learningRate();

    /// Steps between two progress lines in the log.
    @WithDefault("10")
    @Min(1)
    long logEvery();

    /// Whether the application ends, with 0, when the run is over.
    @WithDefault("true")
    boolean exitWhenDone();

    /// How long a stopping application waits for the step under way and its checkpoint.
    @WithDefault("5m")
    Duration shutdownTimeout();

    /// The training thread is taken for dead when it gives no sign for this long, or for twenty of its own longest
    /// steps or checkpoints, whichever is longer. Waiting for data is a sign, waiting for a checkpoint is none.
    @WithDefault("2m")
    Duration heartbeatTimeout();

    /// Low-rank adapters (LoRA) to learn in place of the model: `model` is then a directory whose weights stay as they
    /// are, and checkpoints hold the adapters, as PEFT lays them out.
    interface Adapter {
        /// Of the adapters (PEFT's `r`). Where it is not set, the model itself is learned.
        @Min(1)
        OptionalInt rank();

        /// What adapters add is multiplied with α / rank.
        @WithDefault("16")
        @DecimalMin(value = "0", inclusive = false)
        double alpha();

        /// The modules that get adapters, by the last part of their name. The attention of any DeepSeek model where it
        /// is not set; those that the model lacks are passed over.
        @WithDefault("q_proj,k_proj,v_proj,o_proj,q_a_proj,q_b_proj,kv_a_proj_with_mqa,kv_b_proj")
        Set<String> targetModules();
    }

    /// The model for other tools, when the run is over (and not when it is stopped).
    interface Export {
        /// Where to write it, in a directory named after its step; nowhere if it is not set.
        Optional<Path> directory();

        /// `bf16` or `fp32`.
        @WithDefault("bf16")
        FloatFormat type();
    }

    /// The learning rate over the steps.
    interface LearningRate {
        /// The highest rate, reached after the warm-up.
        @WithDefault("5e-5")
        @DecimalMin(value = "0", inclusive = false)
        double peak();

        /// Steps of linear warm-up.
        @WithDefault("0")
        @Min(0)
        long warmupSteps();

        /// What follows the warm-up.
        @WithDefault("constant")
        Schedule schedule();

        /// The step at which the rate has come down to its floor: for `cosine`, `wsd` and `multi-step`. `max-steps`
        /// where it is not set.
        OptionalLong decaySteps();

        /// The floor, as a share of the peak.
        @WithDefault("0.1")
        @DecimalMin("0")
        @DecimalMax("1")
        double floor();
    }

    /// Steps that are not applied because they leap out of those before.
    interface Spike {
        /// Standard deviations above the mean of the last steps from which a loss or gradient norm is a spike; without
        /// it none is.
        @DecimalMin(value = "0", inclusive = false)
        OptionalDouble sigma();

        /// Steps that mean and deviation are taken over.
        @WithDefault("128")
        @Min(4)
        @Max(10_000)
        int window();
    }

    /// Forms of the learning rate.
    enum Schedule {
        CONSTANT,
        COSINE,
        /// Warm-up, stable, decay over the last tenth.
        WSD,
        /// DeepSeek-LLM's: ×0.316 at 80 % and ×0.1 at 90 %.
        MULTI_STEP
    }

    /// Where a new run begins, whatever the group has committed.
    enum Start {
        /// With the first record of each partition.
        EARLIEST,
        /// Behind the last.
        LATEST,
        /// Where the group stands, and with the first record of a partition that it never committed.
        COMMITTED
    }
}
