package dev.millrace.trainer.train;

import dev.millrace.trainer.generate.GenerationDesk;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.InstantSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Starts the training thread with the application and ends the one with the other.
@Singleton
final class TrainerLifecycle {
    private static final Logger LOG = Logger.getLogger(TrainerLifecycle.class);
    /// Before the intake is closed: the last checkpoint mirrors its offsets.
    private static final int FIRST = 1000;

    private final TrainConfig config;
    private final TrainingRun run;
    private final TrainingStatus status;
    private @Nullable Thread thread;

    TrainerLifecycle(TrainConfig config, TrainingRun run, TrainingStatus status) {
        this.config = config;
        this.run = run;
        this.status = status;
    }

    @Produces
    @Singleton
    static TrainingStatus status(TrainConfig config) {
        return new TrainingStatus(InstantSource.system(), config.heartbeatTimeout());
    }

    @Produces
    @Singleton
    static GenerationDesk desk(GenerateConfig config) {
        return new GenerationDesk(config.limits(), System::nanoTime);
    }

    void start(@Observes StartupEvent event) {
        // Without a code: a last checkpoint that fails has the last word. It is 0 where nothing does.
        TerminationSignal.onTerminate(Quarkus::asyncExit);
        if (config.enabled()) {
            thread = Thread.ofPlatform().name("millrace-train").start(this::train);
        }
    }

    void stop(@Observes @Priority(FIRST) ShutdownEvent event) throws InterruptedException {
        Thread training = thread;
        if (training == null || training == Thread.currentThread()) {
            return;
        }
        if (training.isAlive()) {
            status.enter(new TrainingState.Draining());
            LOG.info("stopping: finishing the step under way and writing a checkpoint");
        }
        run.requestStop();
        if (!training.join(config.shutdownTimeout())) {
            LOG.errorf(
                    "the training thread did not stop within millrace.train.shutdown-timeout = %s; what it did since its"
                            + " last checkpoint will be done again",
                    config.shutdownTimeout());
            Quarkus.asyncExit(1);
        }
    }

    private void train() {
        try {
            String why = run.run();
            LOG.infof("finished: %s", why);
            status.enter(new TrainingState.Finished(why));
            if (config.exitWhenDone()) {
                Quarkus.asyncExit(0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(e);
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    private void fail(Throwable cause) {
        LOG.errorf(cause, "training stopped: %s", cause.getMessage());
        status.enter(new TrainingState.Failed(String.valueOf(cause.getMessage())));
        Quarkus.asyncExit(1);
    }
}
