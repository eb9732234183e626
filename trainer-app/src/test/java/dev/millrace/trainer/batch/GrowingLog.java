package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.Taken;
import java.util.Collection;
import java.util.Random;

/// A scripted log whose records arrive at random moments: at times a partition stands at its end although there will
/// be more.
final class GrowingLog implements RecordSource {
    private final ScriptedLog log;
    private final Random random;
    private int waits;

    GrowingLog(ScriptedLog log, Random random) {
        this.log = log;
        this.random = random;
    }

    @Override
    public Taken take(int partition) throws InterruptedException {
        return random.nextInt(3) == 0 ? new Taken.AtLogEnd() : log.take(partition);
    }

    @Override
    public void awaitAny(Collection<Integer> partitions) throws InterruptedException {
        // By then everything has arrived.
        if (++waits > 200) {
            log.awaitAny(partitions);
        }
    }

    @Override
    public void rewind(int partition, long offset) {
        log.rewind(partition, offset);
    }
}
