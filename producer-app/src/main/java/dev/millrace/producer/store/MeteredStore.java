package dev.millrace.producer.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;

/// A store that counts what becomes of the objects that are brought. Thread-safe.
final class MeteredStore implements ObjectStore {
    private final ObjectStore store;
    private final Counter stored;
    private final Counter reused;
    private final Counter failed;
    private final Counter bytes;

    MeteredStore(ObjectStore store, MeterRegistry registry) {
        this.store = store;
        this.stored = count(registry, "stored");
        this.reused = count(registry, "reused");
        this.failed = count(registry, "failed");
        this.bytes = Counter.builder("millrace.claim.bytes")
                .description("Bytes of the objects that were stored")
                .register(registry);
    }

    private static Counter count(MeterRegistry registry, String result) {
        return Counter.builder("millrace.claim.objects")
                .description("Media for the store: stored, there already, or failed by a fault of the store")
                .tag("result", result)
                .register(registry);
    }

    @Override
    public Upload begin() throws IOException {
        return new Metered(counted(store::begin));
    }

    @Override
    public void close() {
        store.close();
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    /// An object that fails is not gone on with: it fails once.
    private <T> T counted(Step<T> step) throws IOException {
        try {
            return step.run();
        } catch (IOException e) {
            failed.increment();
            throw e;
        }
    }

    private final class Metered implements Upload {
        private final Upload upload;
        private long length;

        private Metered(Upload upload) {
            this.upload = upload;
        }

        @Override
        public void write(byte[] content, int offset, int count) throws IOException {
            counted(() -> {
                upload.write(content, offset, count);
                return count;
            });
            length += count;
        }

        @Override
        public ObjectReference seal() throws IOException {
            return counted(upload::seal);
        }

        @Override
        public boolean commit() throws IOException {
            boolean added = counted(upload::commit);
            (added ? stored : reused).increment();
            bytes.increment(added ? (double) length : 0);
            return added;
        }

        @Override
        public void close() {
            upload.close();
        }
    }
}
