package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/// The append-only record of a run: the composition of each step, durable before the step begins, and its
/// result.
///
/// A run that goes on from a checkpoint does the steps after it again. Their compositions stand here already:
/// they are what the steps are made of again ([#ahead]), and a step that would differ stops the run. Owned by
/// the training thread; other threads read the file through [LedgerReader].
public final class StepLedger implements AutoCloseable {
    /// The file's name, in the directory of the checkpoints.
    public static final String FILE = "ledger.jsonl";

    private final Path file;
    private final FileChannel channel;
    private final Deque<Composition> ahead = new ArrayDeque<>();
    /// What came of steps that are to be done again.
    private final Map<Long, StepResult> before = new HashMap<>();
    private final List<Skip> skips = new ArrayList<>();
    private final long owner;
    private long recorded;
    private long step;

    private StepLedger(Path file, FileChannel channel, long step, long owner) {
        this.file = file;
        this.channel = channel;
        this.step = step;
        this.owner = owner;
    }

    /// Opens the ledger of a run that has done `step` steps, creating it for one that has done none.
    ///
    /// From then on nothing counts that an earlier owner adds: one that had seemed gone may still be at work.
    ///
    /// @param owner the number of the run's owner, higher than that of every one before
    /// @param complaints told where a line was cut off, which a crash does, or passed over
    /// @throws IOException where a line is damaged, or steps are missing
    public static StepLedger open(Path directory, long step, long owner, Consumer<String> complaints)
            throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            Files.createFile(file);
            try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
        cutOffTornLine(file, complaints);
        StepLedger ledger = new StepLedger(
                file, FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND), step, owner);
        try {
            ledger.take(complaints);
        } catch (IOException e) {
            ledger.close();
            throw e;
        }
        return ledger;
    }

    private void take(Consumer<String> complaints) throws IOException {
        ReadBack lines = new ReadBack();
        long length = Files.size(file);
        long last = LedgerFile.read(file, LedgerFile.From.BEGINNING, length, lines);
        if (last > owner) {
            throw new IOException(file + " has lines of owner " + last + ", and this is owner " + owner
                    + ": the file .owner beside it was lost, or is an older one. Where no other trainer has the run,"
                    + " write " + last + " into it and start again");
        }
        if (recorded < step) {
            throw new IOException(file + " ends with step " + recorded + ", but the checkpoint is of step " + step
                    + ": put the file back, or begin a new run in another millrace.checkpoint.directory");
        }
        append(new LedgerFile.Line.Taken(step));
        force();
        // What came in between was before that line, and counts.
        LedgerFile.read(file, new LedgerFile.From(length, last), Long.MAX_VALUE, lines);
        if (lines.late > 0) {
            complaints.accept(file + ": " + lines.late + " lines are passed over, the last of owner " + lines.by
                    + ": another had taken the run when they were written");
        }
    }

    private final class ReadBack implements LedgerFile.Visitor {
        private long late;
        private long by;

        @Override
        public boolean visit(LedgerFile.Line line, LedgerFile.From at) throws IOException {
            switch (line) {
                case LedgerFile.Line.Composed composed -> readBack(composed);
                case LedgerFile.Line.Done done -> {
                    if (done.step() > step) {
                        before.put(done.step(), done.result());
                    }
                }
                case LedgerFile.Line.Changed _, LedgerFile.Line.Taken _ -> {}
            }
            return true;
        }

        @Override
        public void late(long lineOf) {
            late++;
            by = lineOf;
        }
    }

    private void readBack(LedgerFile.Line.Composed composed) throws IOException {
        if (composed.step() != recorded + 1) {
            throw new IOException(file + ": step " + composed.step() + " follows step " + recorded
                    + ": lines are missing. Put the file back as it was, or begin a new run in another"
                    + " millrace.checkpoint.directory");
        }
        recorded = composed.step();
        if (composed.step() > step) {
            ahead.add(composed.composition());
        } else {
            skips.addAll(composed.composition().skips());
        }
    }

    private static void cutOffTornLine(Path file, Consumer<String> complaints) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long length = bytes.length();
            long whole = length;
            while (whole > 0) {
                bytes.seek(whole - 1);
                if (bytes.read() == '\n') {
                    break;
                }
                whole--;
            }
            if (whole < length) {
                complaints.accept(file + ": the last line was cut off after " + (length - whole)
                        + " bytes, by a crash while it was written: removed");
                bytes.setLength(whole);
                bytes.getFD().sync();
            }
        }
    }

    /// The last step that stood here when the ledger was opened.
    public long recorded() {
        return recorded;
    }

    /// Steps that are done again may come out otherwise: on a device whose sums are not the same each time.
    public void expectOtherResults() {
        before.clear();
    }

    /// The compositions of the steps that are to be done again, in their order.
    public List<Composition> ahead() {
        return new ArrayList<>(ahead);
    }

    /// The ranges that were left out by the steps that the run goes on after.
    public List<Skip> skips() {
        return List.copyOf(skips);
    }

    /// Makes durable that the next step is made with other settings than the one before it.
    public void change(SortedMap<String, SettingsChange.Change> settings) throws IOException {
        append(new LedgerFile.Line.Changed(new SettingsChange(step + 1, settings)));
        force();
        expectOtherResults();
    }

    /// Makes the composition of the next step durable. Where it stands here already, it must be the same.
    ///
    /// @throws IllegalStateException where a step that is done again would train on other tokens
    public void begin(Composition composition) throws IOException {
        Optional<Composition> recorded = Optional.ofNullable(ahead.poll());
        if (recorded.isPresent() && !recorded.get().sameTokens(composition)) {
            throw new IllegalStateException(file + ": step " + (step + 1) + " was made of " + recorded.get()
                    + " and would now be made of " + composition
                    + ": the log has changed under the run. Nothing is trained twice: begin a new run in another"
                    + " millrace.checkpoint.directory");
        }
        step++;
        if (recorded.isEmpty()) {
            append(new LedgerFile.Line.Composed(step, composition));
            force();
        }
    }

    /// Adds the result of the step that has begun. It is durable with the next composition, or with [#force].
    ///
    /// @throws IllegalStateException where the step was done before, to another result
    public void end(StepResult result) throws IOException {
        StepResult first = before.remove(step);
        if (first != null && !first.sameAs(result)) {
            throw new IllegalStateException(file + ": step " + step + " was done before a crash with " + first
                    + ", and comes out as " + result + " now. Something that decides the bits has changed and is no"
                    + " setting: the machine, its libraries, or what they are told by the environment. Go on where the run"
                    + " was, or begin a new one in another millrace.checkpoint.directory");
        }
        append(new LedgerFile.Line.Done(step, result));
    }

    /// Makes everything durable that was added.
    public void force() throws IOException {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    private void append(LedgerFile.Line line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(LedgerFile.bytes(line, owner));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    private IOException notWritten(IOException cause) {
        return new IOException(
                file + " cannot be written: " + cause.getMessage()
                        + "; make room, or withdraw the limit, and start again: the run goes on from its last checkpoint",
                cause);
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            force();
        }
    }
}
