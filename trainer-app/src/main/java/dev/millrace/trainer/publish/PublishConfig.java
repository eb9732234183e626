package dev.millrace.trainer.publish;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// Topics that the trainer writes. It does not create them.
@ConfigMapping(prefix = "millrace.publish")
public interface PublishConfig {
    /// Where bad records go, with the reason.
    @WithDefault("deepseek-dead-letters")
    String deadLetterTopic();

    /// Where each step's records and result go.
    @WithDefault("deepseek-training-ledger")
    String ledgerTopic();
}
