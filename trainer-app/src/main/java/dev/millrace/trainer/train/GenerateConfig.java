package dev.millrace.trainer.train;

import dev.millrace.trainer.generate.GenerationDesk;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;

/// Settings of texts that the model writes while it is trained.
@ConfigMapping(prefix = "millrace.generate")
public interface GenerateConfig {
    /// Of the time of training; 0: no text is written.
    @WithDefault("0.05")
    @DecimalMin("0")
    @DecimalMax("0.5")
    double maxShare();

    /// That training stands still in one piece: a text that takes longer is cut off, so that the training thread
    /// never seems dead.
    @WithDefault("10s")
    Duration maxPause();

    /// Prompts that may wait for their turn.
    @WithDefault("8")
    @Min(1)
    @Max(1000)
    int waiting();

    /// How long one may wait for its text.
    @WithDefault("2m")
    Duration patience();

    /// Of a prompt and its continuation together; fewer where the model has fewer positions.
    @WithDefault("1024")
    @Min(2)
    int maxTokens();

    /// The same for the desk.
    ///
    /// @throws IllegalArgumentException where a duration cannot be
    default GenerationDesk.Limits limits() {
        if (!maxPause().isPositive() || maxPause().compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException(
                    "millrace.generate.max-pause is " + maxPause() + ", it must be positive and at most a minute");
        }
        if (!patience().isPositive()) {
            throw new IllegalArgumentException("millrace.generate.patience is " + patience() + ", it must be positive");
        }
        return new GenerationDesk.Limits(maxShare(), maxPause(), waiting(), maxTokens());
    }
}
