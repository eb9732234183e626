package dev.millrace.bench;

import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import java.util.EnumMap;
import java.util.Map;

/// What each phase of a step takes on a device that computes behind the host's back: where the training thread is says
/// nothing there, so the device is waited for at the end of each phase.
///
/// The way there and the way back are one call. What the first takes is that of a pass that computes a loss and keeps
/// nothing, and what remains of the call is the way back, a second way there included where layers are computed again.
final class WaitedSplit implements StepSplit {
    private final Map<Phase, Long> nanos = new EnumMap<>(Phase.class);
    private final StepSampler sampler;

    /// @param sampler of whole steps
    private WaitedSplit(StepSampler sampler) {
        this.sampler = sampler;
    }

    /// Trains a few steps more.
    static WaitedSplit measure(Learner learner, DeviceWait device, StepTokens tokens, int steps, StepSampler sampler) {
        WaitedSplit split = new WaitedSplit(sampler);
        for (int i = 0; i < steps; i++) {
            device.await();
            long begun = System.nanoTime();
            forward(learner, device, tokens);
            long there = System.nanoTime();
            tokens.accumulate(learner);
            device.await();
            long back = System.nanoTime();
            tokens.end(learner);
            device.await();
            long updated = System.nanoTime();
            split.nanos.merge(Phase.FORWARD, there - begun, Long::sum);
            split.nanos.merge(Phase.BACKWARD, Math.max(0, back - there - (there - begun)), Long::sum);
            split.nanos.merge(Phase.OPTIMIZER, updated - back, Long::sum);
        }
        return split;
    }

    private static void forward(Learner learner, DeviceWait device, StepTokens tokens) {
        try (NDManager scope = device.scope()) {
            // Read, which waits for it.
            float[] _ = learner.model()
                    .loss(scope, tokens.inputs(), tokens.targets())
                    .toFloatArray();
        }
    }

    @Override
    public double share(Phase phase) {
        long all = nanos.values().stream().mapToLong(Long::longValue).sum();
        return nanos.getOrDefault(phase, 0L) / (double) all;
    }

    @Override
    public double shareOutsideNative() {
        return sampler.shareOutsideNative();
    }

    @Override
    public long samples() {
        return sampler.samples();
    }
}
