package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.BatchConfig;
import dev.millrace.trainer.checkpoint.CheckpointConfig;
import dev.millrace.trainer.evaluate.EvaluationConfig;
import dev.millrace.trainer.intake.IntakeConfig;
import dev.millrace.trainer.publish.PublishConfig;
import dev.millrace.trainer.tokenize.TokenizerConfig;
import jakarta.inject.Singleton;

/// The settings of every part of a run.
@Singleton
record RunSettings(
        TrainConfig train,
        EngineConfig engine,
        BatchConfig batch,
        TokenizerConfig tokenizer,
        IntakeConfig intake,
        CheckpointConfig checkpoint,
        EvaluationConfig evaluation,
        PublishConfig publish) {}
