package dev.millrace.proof;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Work that goes on a stretch at a time: it has a thread of its own, which runs only while somebody waits for it to
/// pause. So of several, one goes on at any time, and who lets them go on says which.
final class Intermittent {
    private final Semaphore go = new Semaphore(0);
    private final Semaphore paused = new Semaphore(0);
    private boolean ended;
    private boolean over;
    private @Nullable Throwable failure;

    /// What is done.
    interface Work {
        void run(Intermittent stretches) throws Exception;
    }

    /// The work was ended while it paused.
    static final class Ended extends Exception {
        private static final long serialVersionUID = 1L;
    }

    Intermittent(Work work) {
        Thread.ofVirtual().start(() -> {
            go.acquireUninterruptibly();
            try {
                if (!ended) {
                    work.run(this);
                }
            } catch (Ended e) {
                // As it was told to.
            } catch (Throwable e) {
                failure = e;
            }
            over = true;
            paused.release();
        });
    }

    /// Called by the work where another may go on.
    void pause() throws Ended {
        paused.release();
        go.acquireUninterruptibly();
        if (ended) {
            throw new Ended();
        }
    }

    /// Lets it go on until it pauses, or is over.
    ///
    /// @return whether it is over
    boolean goOn() {
        go.release();
        paused.acquireUninterruptibly();
        Throwable why = failure;
        if (why != null) {
            throw new IllegalStateException(why);
        }
        return over;
    }

    /// Lets it do nothing any more.
    void end() {
        ended = true;
        if (!over) {
            var _ = goOn();
        }
    }
}
