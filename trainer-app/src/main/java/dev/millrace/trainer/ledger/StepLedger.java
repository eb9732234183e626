package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.Untrained;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
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
    private final LedgerSoFar soFar;
    private final long owner;
    /// Those that are still to be done again.
    private final Deque<Composition> ahead = new ArrayDeque<>();
    /// What came of them the first time.
    private final Map<Long, StepResult> results = new HashMap<>();
    private long step;

    private StepLedger(LedgerSoFar soFar, FileChannel channel, long owner) {
        this.file = soFar.file();
        this.channel = channel;
        this.soFar = soFar;
        this.owner = owner;
        this.step = soFar.step();
    }

    /// Opens the ledger of a run that has done `step` steps, creating it for one that has done none.
    ///
    /// @see #open(LedgerSoFar, long, Consumer)
    public static StepLedger open(Path directory, long step, long owner, Consumer<String> complaints)
            throws IOException {
        return open(LedgerSoFar.read(directory, step, step), owner, complaints);
    }

    /// Opens a ledger that was read, creating it for a run that has none.
    ///
    /// From then on nothing counts that an earlier owner adds: one that had seemed gone may still be at work.
    ///
    /// @param owner the number of the run's owner, higher than that of every one before
    /// @param complaints told where a line was cut off, which a crash does, or passed over
    /// @throws IOException where a line is damaged, or steps are missing
    public static StepLedger open(LedgerSoFar soFar, long owner, Consumer<String> complaints) throws IOException {
        Path file = soFar.file();
        if (!Files.exists(file)) {
            Files.createFile(file);
            try (FileChannel entries = FileChannel.open(soFar.directory(), StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
        cutOffTornLine(file, complaints);
        StepLedger ledger = new StepLedger(
                soFar, FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND), owner);
        try {
            ledger.take(complaints);
        } catch (IOException e) {
            ledger.close();
            throw e;
        }
        return ledger;
    }

    private void take(Consumer<String> complaints) throws IOException {
        if (soFar.owner() > owner) {
            throw new IOException(file + " has lines of owner " + soFar.owner() + ", and this is owner " + owner
                    + ": the file .owner beside it was lost, or is an older one. Where no other trainer has the run,"
                    + " write " + soFar.owner() + " into it and start again");
        }
        if (soFar.recorded() < step) {
            throw new IOException(file + " ends with step " + soFar.recorded() + ", but the checkpoint is of step "
                    + step + ": put the file back, or begin a new run in another millrace.checkpoint.directory");
        }
        append(new LedgerFile.Line.Taken(step));
        force();
        // What came since it was read was before that line, and counts.
        soFar.readOn(Long.MAX_VALUE);
        ahead.addAll(soFar.ahead());
        results.putAll(soFar.results());
        LedgerSoFar.Late late = soFar.late();
        if (late.lines() > 0) {
            complaints.accept(file + ": " + late.lines() + " lines are passed over, the last of owner " + late.owner()
                    + ": another had taken the run when they were written");
        }
    }

    private static void cutOffTornLine(Path file, Consumer<String> complaints) throws IOException {
        long whole = LedgerFile.wholeBytes(file);
        try (FileChannel bytes = FileChannel.open(file, StandardOpenOption.WRITE)) {
            long torn = bytes.size() - whole;
            if (torn > 0) {
                complaints.accept(file + ": the last line was cut off after " + torn
                        + " bytes, by a crash while it was written: removed");
                bytes.truncate(whole);
                bytes.force(true);
            }
        }
    }

    /// The last step that stood here when the ledger was opened.
    public long recorded() {
        return soFar.recorded();
    }

    /// Steps that are done again may come out otherwise: on a device whose sums are not the same each time.
    public void expectOtherResults() {
        results.clear();
    }

    /// The compositions of the steps that are to be done again, in their order.
    public List<Composition> ahead() {
        return List.copyOf(ahead);
    }

    /// The ranges that were left out by the steps that the run goes on after.
    public List<Skip> skips() {
        return soFar.skips();
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
        StepResult first = results.remove(step);
        if (first != null && !first.sameAs(result)) {
            throw new IllegalStateException(file + ": step " + step + " was done before a crash with " + first
                    + ", and comes out as " + result + " now. Something that decides the bits has changed and is no"
                    + " setting: the machine, its libraries, or what they are told by the environment. Go on where the run"
                    + " was, or begin a new one in another millrace.checkpoint.directory");
        }
        append(new LedgerFile.Line.Done(step, result));
    }

    /// Says what was read behind the last step of a run that is over, and is not trained. It is durable with [#force].
    public void finish(List<Untrained> untrained) throws IOException {
        if (!untrained.isEmpty()) {
            append(new LedgerFile.Line.Ended(step, untrained));
        }
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
