package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Reads and admits the documents of a file on a thread of its own, a few chunks ahead of the one that takes them:
/// whoever sends also compresses, and is not to wait for a parser.
public final class ReadAhead {
    private static final long IDLE_SECONDS = 1;
    private static final int CHUNKS = 8;
    private static final int DOCUMENTS = 256;
    private static final int BYTES = 256 << 10;

    private final DocumentFile file;
    private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(CHUNKS);
    private volatile boolean over;

    /// @param last whether nothing follows
    /// @param failure why nothing follows, where that is not the file's end
    private record Chunk(
            List<Item> items, boolean last, @Nullable Throwable failure) {}

    public ReadAhead(DocumentFile file) {
        this.file = file;
    }

    /// As [DocumentFile#read]; the taker runs on the thread of the caller. Once.
    public void read(long from, long line, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        Thread thread = Thread.ofPlatform().daemon().name("read-ahead").start(() -> fill(from, line, reading));
        try {
            boolean more = true;
            while (more) {
                Chunk chunk = chunks.poll(IDLE_SECONDS, TimeUnit.SECONDS);
                if (chunk == null) {
                    more = taker.idle();
                    continue;
                }
                for (Item item : chunk.items()) {
                    more = more && taker.take(item);
                }
                rethrow(chunk.failure());
                more = more && !chunk.last();
            }
        } finally {
            over = true;
            thread.interrupt();
            thread.join();
        }
    }

    private void fill(long from, long line, Reading reading) {
        try {
            List<Item> items = new ArrayList<>(DOCUMENTS);
            long[] bytes = {0};
            Throwable failure = null;
            try {
                file.read(from, line, reading, item -> {
                    items.add(item);
                    bytes[0] += item.admission() instanceof Admission.Accepted yes
                            ? yes.document().value().length
                            : 0;
                    if (items.size() >= DOCUMENTS || bytes[0] >= BYTES) {
                        put(new Chunk(List.copyOf(items), false, null));
                        items.clear();
                        bytes[0] = 0;
                    }
                    return true;
                });
            } catch (IOException | RuntimeException | Error e) {
                failure = e;
            }
            put(new Chunk(List.copyOf(items), true, failure));
        } catch (InterruptedException e) {
            // Nobody takes any more.
            Thread.currentThread().interrupt();
        }
    }

    /// An interrupt may have been lost in whatever unpacks the file: nobody takes a chunk that comes after the end.
    private void put(Chunk chunk) throws InterruptedException {
        while (!chunks.offer(chunk, IDLE_SECONDS, TimeUnit.SECONDS)) {
            if (over) {
                throw new InterruptedException("nobody takes any more");
            }
        }
    }

    private static void rethrow(@Nullable Throwable failure) throws IOException {
        switch (failure) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException("cannot be", failure);
        }
    }
}
