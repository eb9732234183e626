package dev.millrace.producer.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/// The files of this process that are no objects yet, in a directory of its own, on which it holds a lock as long as
/// it lives: whose lock can be had is dead, and what it left is deleted. Thread-safe.
final class Incoming implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Incoming.class);
    private static final String LOCK = "lock";

    private final Path directory;
    private final FileChannel lock;
    private final AtomicLong next = new AtomicLong();

    private Incoming(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /// @param all directory in which each process has one
    static Incoming open(Path all) throws IOException {
        try {
            // Not its parents: a volume that is not mounted is no store.
            Files.createDirectory(all);
        } catch (FileAlreadyExistsException e) {
            // By an earlier process, or by another just now.
        }
        // One process at a time: none takes the directory of another for left that has not come to lock it.
        try (FileChannel turn = openLock(all);
                FileLock _ = turn.lock()) {
            clear(all);
            Path own = Files.createDirectory(all.resolve(UUID.randomUUID().toString()));
            FileChannel lock = openLock(own);
            if (lock.tryLock() == null) {
                lock.close();
                throw new IOException(own + " is new, and locked by another process");
            }
            return new Incoming(own, lock);
        }
    }

    private static FileChannel openLock(Path directory) throws IOException {
        return FileChannel.open(directory.resolve(LOCK), StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }

    private static void clear(Path all) throws IOException {
        for (Path each : list(all)) {
            if (Files.isDirectory(each) && isLeft(each)) {
                LOG.infof("deletes %s, which a process left that died", each);
                delete(each);
            }
        }
    }

    private static boolean isLeft(Path directory) throws IOException {
        try (FileChannel lock = openLock(directory)) {
            return lock.tryLock() != null;
        } catch (NoSuchFileException e) {
            // Its process is closing, and has just deleted it.
            return false;
        } catch (OverlappingFileLockException e) {
            // Of this very process.
            return false;
        }
    }

    private static void delete(Path directory) throws IOException {
        for (Path file : list(directory)) {
            var _ = Files.deleteIfExists(file);
        }
        Files.delete(directory);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    /// A name that no file has.
    Path newFile() {
        return directory.resolve(Long.toString(next.getAndIncrement()));
    }

    @Override
    public void close() {
        try (lock) {
            delete(directory);
        } catch (IOException e) {
            // The next process that opens the store clears it away.
            LOG.warnf("%s cannot be deleted: %s", directory, e);
        }
    }
}
