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
    private long recorded;
    private long step;

    private StepLedger(Path file, FileChannel channel, long step) {
        this.file = file;
        this.channel = channel;
        this.step = step;
    }

    /// Opens the ledger of a run that has done `step` steps, creating it for one that has done none.
    ///
    /// @param complaints told where a line was cut off, which a crash does
    /// @throws IOException where a line is damaged, or steps are missing
    public static StepLedger open(Path directory, long step, Consumer<String> complaints) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            Files.createFile(file);
            try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
        cutOffTornLine(file, complaints);
        StepLedger ledger =
                new StepLedger(file, FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND), step);
        try {
            ledger.readBack();
        } catch (IOException e) {
            ledger.close();
            throw e;
        }
        return ledger;
    }

    private void readBack() throws IOException {
        long[] last = {0};
        LedgerFile.read(file, 0, Long.MAX_VALUE, (line, _) -> {
            if (line instanceof LedgerFile.Line.Composed composed) {
                if (composed.step() != last[0] + 1) {
                    throw new IOException(file + ": step " + composed.step() + " follows step " + last[0]
                            + ": lines are missing. Put the file back as it was, or begin a new run in another"
                            + " millrace.checkpoint.directory");
                }
                last[0] = composed.step();
                recorded = last[0];
                if (composed.step() > step) {
                    ahead.add(composed.composition());
                } else {
                    skips.addAll(composed.composition().skips());
                }
            }
            if (line instanceof LedgerFile.Line.Done done && done.step() > step) {
                before.put(done.step(), done.result());
            }
            return true;
        });
        if (last[0] < step) {
            throw new IOException(file + " ends with step " + last[0] + ", but the checkpoint is of step " + step
                    + ": put the file back, or begin a new run in another millrace.checkpoint.directory");
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
        channel.force(false);
        expectOtherResults();
    }

    /// Makes the composition of the next step durable. Where it stands here already, it must be the same.
    ///
    /// @throws IllegalStateException where a step that is done again would train on other tokens
    public void begin(Composition composition) throws IOException {
        Optional<Composition> recorded = Optional.ofNullable(ahead.poll());
        if (recorded.isPresent() && !recorded.get().equals(composition)) {
            throw new IllegalStateException(file + ": step " + (step + 1) + " was made of " + recorded.get()
                    + " and would now be made of " + composition
                    + ": the log has changed under the run. Nothing is trained twice: begin a new run in another"
                    + " millrace.checkpoint.directory");
        }
        step++;
        if (recorded.isEmpty()) {
            append(new LedgerFile.Line.Composed(step, composition));
            channel.force(false);
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
        channel.force(false);
    }

    private void append(LedgerFile.Line line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(LedgerFile.bytes(line));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.force(false);
        channel.close();
    }
}
