package dev.millrace.quickstart;

import ai.djl.Device;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.generate.HeldOutLoss;
import dev.millrace.trainer.generate.Sampling;
import dev.millrace.trainer.generate.TextGenerator;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// What the trained model does with text that it has not seen.
///
/// @param natsPerByte loss on the held-out texts
/// @param sample what it writes after the prompt, the prompt included
record Trained(double natsPerByte, String sample) {
    private static final String PROMPT = "    public static ";
    private static final int SAMPLE_TOKENS = 240;

    static Trained look(Checkpoint checkpoint, List<Corpus.Text> heldOut) throws IOException {
        TorchEngine.start(Runtime.getRuntime().availableProcessors());
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(checkpoint.directory());
                Learner learner = Learner.load(checkpoint.directory(), LearnerSettings.deepSeek(0), Device.cpu())) {
            DeepSeekModel model = learner.model();
            int columns = model.config().maxPositions();
            int[] tokens = heldOut.stream()
                    .map(text -> tokenizer.encode(text.content()))
                    .flatMapToInt(Arrays::stream)
                    .toArray();
            int cells = Math.ceilDiv(tokens.length - 1, columns) * columns;
            int[] inputs = new int[cells];
            int[] targets = new int[cells];
            Arrays.fill(targets, DeepSeekModel.IGNORED_TARGET);
            System.arraycopy(tokens, 0, inputs, 0, tokens.length - 1);
            System.arraycopy(tokens, 1, targets, 0, tokens.length - 1);
            HeldOutLoss loss = HeldOutLoss.measure(model, inputs, targets, columns, 8);
            Sampling sampling = new Sampling(0.7, 0.95, 1, SAMPLE_TOKENS, tokenizer.endOfText());
            int[] written = new TextGenerator(model, columns).generate(tokenizer.encodePrompt(PROMPT), sampling);
            return new Trained(
                    loss.natsPerTarget() * loss.targets() / Corpus.bytes(heldOut), PROMPT + tokenizer.decode(written));
        }
    }
}
