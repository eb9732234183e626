package dev.millrace.proof;

import dev.millrace.testing.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/// A broker, a topic of documents and a run over it that nothing disturbed: what disturbed runs are held against. Made
/// once for all tests that take one as a parameter.
final class ProvingGround implements AutoCloseable {
    /// Steps between two checkpoints.
    static final int STRIDE = 15;

    private static final Path MODULE = Path.of(".");
    private static final int DOCUMENTS = 800;
    private static final long SEED = 20261124;
    private static final int KEEP = 30;

    private final Path directory;
    private final EmbeddedKafka kafka;
    private final DocumentLog log;
    private final ProofRun undisturbed;

    private ProvingGround() throws IOException, InterruptedException, ExecutionException {
        directory = Files.createTempDirectory("proving-ground-");
        kafka = EmbeddedKafka.start(1, directory);
        log = DocumentLog.produce(kafka, DOCUMENTS, 4, SEED);
        undisturbed = run("undisturbed", Map.of());
        undisturbed.finish();
    }

    /// Gives the one to whoever asks for it.
    static final class Provider implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ProvingGround.class;
        }

        @Override
        public ProvingGround resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(ExtensionContext.Namespace.create(ProvingGround.class))
                    .computeIfAbsent(ProvingGround.class, _ -> prepare(), ProvingGround.class);
        }

        private static ProvingGround prepare() {
            try {
                return new ProvingGround();
            } catch (IOException | ExecutionException e) {
                throw new ParameterResolutionException("the undisturbed run cannot be made", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ParameterResolutionException("the undisturbed run was interrupted", e);
            }
        }
    }

    EmbeddedKafka kafka() {
        return kafka;
    }

    DocumentLog log() {
        return log;
    }

    ProofRun undisturbed() {
        return undisturbed;
    }

    /// Of the undisturbed run.
    long steps() throws IOException {
        return undisturbed.checkpoints().newestStep();
    }

    /// A run over the same log; with `extra` over another, or otherwise.
    ProofRun run(String name, Map<String, String> extra) {
        return new ProofRun(MODULE, directory, name, kafka, STRIDE, KEEP, extra);
    }

    /// How the end of a run of this log compares with the undisturbed one.
    Comparison compare(ProofRun disturbed) throws IOException, InterruptedException, ExecutionException {
        return Comparison.of(log, undisturbed, disturbed);
    }

    @Override
    public void close() throws IOException {
        kafka.close();
        Utils.delete(directory.toFile());
    }
}
