package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Position;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The ids of the last documents of each partition: a document whose client gave an id that is among them was sent
/// twice, and is trained once.
///
/// Of a partition and a pass, the window is the last so many documents with an id that were taken, in offset order:
/// a function of the log, like everything else. An id is kept as the first 128 bits of its SHA-256, so two are taken
/// for the same only if they are. Part of a checkpoint, 16 bytes an id; in memory there is besides what was read
/// since the last checkpoint, for a checkpoint is of the training thread's place on the log, and reading is ahead
/// of it.
///
/// Thread-safe: the preparing thread asks, the one of the checkpoints writes.
public final class SeenIds {
    /// The file's name in a checkpoint.
    public static final String FILE = "seen-ids.bin";

    private static final int MAGIC = 0x4d524944;

    private final int window;
    private final Map<Integer, Lane> lanes = new TreeMap<>();

    /// @param window ids per partition; 0 takes every document
    public SeenIds(int window) {
        if (window < 0) {
            throw new IllegalArgumentException("millrace.intake.duplicate-window = " + window + " is negative");
        }
        this.window = window;
    }

    private record Id(int epoch, long high, long low) {
        private static Id of(int epoch, String text) {
            try {
                ByteBuffer hash = ByteBuffer.wrap(
                        MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
                return new Id(epoch, hash.getLong(), hash.getLong());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }
    }

    /// @param sequence counts the ids of a partition, over all passes
    private record Entry(Id id, long offset, long sequence) {
        private boolean before(Position position) {
            return id.epoch() == position.epoch() && offset < position.offset();
        }
    }

    /// What is known of a partition, oldest first. An id that was forgotten and came again stands in it twice.
    private static final class Lane {
        private final Deque<Entry> history = new ArrayDeque<>();
        private final Map<Id, Long> latest = new HashMap<>();
        private long next;

        private void add(Id id, long offset) {
            history.addLast(new Entry(id, offset, next));
            latest.put(id, next);
            next++;
        }

        private void removeOldest() {
            Entry oldest = history.removeFirst();
            latest.remove(oldest.id(), oldest.sequence());
        }
    }

    /// Whether a document is the first of its id, and if so remembers it. Documents come in offset order.
    public synchronized boolean first(int partition, int epoch, long offset, String id) {
        Lane lane = lanes.computeIfAbsent(partition, _ -> new Lane());
        Id hash = Id.of(epoch, id);
        Long sequence = lane.latest.get(hash);
        if (sequence != null && sequence >= lane.next - window) {
            return false;
        }
        if (window > 0) {
            lane.add(hash, offset);
        }
        return true;
    }

    /// Ids that are held, over all partitions.
    public synchronized long size() {
        return lanes.values().stream().mapToLong(lane -> lane.history.size()).sum();
    }

    /// Writes the windows as they were where a run goes on, and forgets what is older.
    ///
    /// @param cursor how far the run has come; reading may be further
    public void write(Path directory, Cursor cursor) throws IOException {
        Map<Integer, List<Id>> windows = windows(cursor);
        Path file = directory.resolve(FILE);
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeInt(MAGIC);
            out.writeInt(windows.size());
            for (Map.Entry<Integer, List<Id>> each : windows.entrySet()) {
                out.writeInt(each.getKey());
                out.writeInt(each.getValue().size());
                for (Id id : each.getValue()) {
                    out.writeLong(id.high());
                    out.writeLong(id.low());
                }
            }
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private synchronized Map<Integer, List<Id>> windows(Cursor cursor) {
        Map<Integer, List<Id>> windows = new TreeMap<>();
        for (PartitionCursor partition : cursor.partitions()) {
            Lane lane = lanes.get(partition.partition());
            if (lane != null) {
                windows.put(partition.partition(), window(lane, partition.position()));
            }
        }
        return windows;
    }

    private List<Id> window(Lane lane, Position position) {
        // An earlier pass, and what has left the window where the run goes on, is never asked for again.
        long before =
                lane.history.stream().filter(entry -> entry.before(position)).count();
        while (!lane.history.isEmpty()
                && (lane.history.getFirst().id().epoch() < position.epoch() || before > window)) {
            if (lane.history.getFirst().before(position)) {
                before--;
            }
            lane.removeOldest();
        }
        List<Id> ids = new ArrayList<>();
        for (Entry entry : lane.history) {
            if (entry.before(position)) {
                ids.add(entry.id());
            }
        }
        return ids;
    }

    /// Reads the windows of a checkpoint.
    ///
    /// @param cursor of the same checkpoint
    public static SeenIds read(Path directory, int window, Cursor cursor) throws IOException {
        Path file = directory.resolve(FILE);
        SeenIds seen = new SeenIds(window);
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            if (in.readInt() != MAGIC) {
                throw new IOException(file + " holds no ids");
            }
            Map<Integer, Integer> epochs = new HashMap<>();
            cursor.partitions()
                    .forEach(
                            each -> epochs.put(each.partition(), each.position().epoch()));
            for (int partitions = in.readInt(); partitions > 0; partitions--) {
                int partition = in.readInt();
                Lane lane = new Lane();
                for (int ids = in.readInt(); ids > 0; ids--) {
                    // They lie before the position, whatever their offsets were.
                    lane.add(new Id(epochs.getOrDefault(partition, 0), in.readLong(), in.readLong()), -1);
                }
                seen.lanes.put(partition, lane);
            }
            return seen;
        } catch (EOFException e) {
            throw new IOException(file + " ends too soon", e);
        }
    }
}
