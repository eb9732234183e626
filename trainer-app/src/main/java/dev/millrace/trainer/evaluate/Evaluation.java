package dev.millrace.trainer.evaluate;

import dev.millrace.trainer.generate.HeldOutLoss;

/// What a model makes of held-out text.
///
/// @param loss mean cross-entropy of a token, in nats
/// @param perplexity `e^loss`
/// @param bitsPerByte the cross-entropy of all tokens, over the bytes of the texts: comparable between tokenizers
/// @param targets tokens that were predicted: all but the first
public record Evaluation(double loss, double perplexity, double bitsPerByte, long targets) {
    static Evaluation of(HeldOutLoss loss, long bytes) {
        return new Evaluation(
                loss.natsPerTarget(),
                Math.exp(loss.natsPerTarget()),
                loss.natsPerTarget() * loss.targets() / Math.log(2) / bytes,
                loss.targets());
    }
}
