package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What the ledger of a run says when the run goes on: read once for all who ask, line by line. Kept is what lies
/// after the checkpoint, which is bounded by the steps between two of them, and what was taken out before it.
///
/// Not thread-safe: the training thread owns it.
public final class LedgerSoFar {
    private final Path directory;
    private final Path file;
    private final long step;
    private final long published;
    private final List<Composition> ahead = new ArrayList<>();
    private final Map<Long, StepResult> results = new HashMap<>();
    private final List<Skip> skips = new ArrayList<>();
    private final List<SettingsChange> changes = new ArrayList<>();
    private LedgerReader.Mark mark = LedgerReader.Mark.BEGINNING;
    private LedgerFile.From end = LedgerFile.From.BEGINNING;
    private long recorded;
    private long late;
    private long lateOwner;

    private LedgerSoFar(Path directory, long step, long published) {
        this.directory = directory;
        this.file = directory.resolve(StepLedger.FILE);
        this.step = step;
        this.published = published;
    }

    /// Reads the whole lines of a ledger; where there is none yet, nothing is said.
    ///
    /// @param directory of the checkpoints
    /// @param step that the run goes on after
    /// @param published the step up to which nobody will ask a [#reader] for what was done
    /// @throws IOException where a line is damaged, or steps are missing
    public static LedgerSoFar read(Path directory, long step, long published) throws IOException {
        LedgerSoFar ledger = new LedgerSoFar(directory, step, published);
        if (Files.exists(ledger.file)) {
            ledger.readOn(LedgerFile.wholeBytes(ledger.file));
        }
        return ledger;
    }

    /// Reads what has come since.
    ///
    /// @param to the byte after the last one that is whole
    void readOn(long to) throws IOException {
        end = LedgerFile.read(file, end, to, new LedgerFile.Visitor() {
            @Override
            public boolean visit(LedgerFile.Line line, LedgerFile.From at) throws IOException {
                take(line, at);
                return true;
            }

            @Override
            public void late(long owner) {
                late++;
                lateOwner = owner;
            }
        });
    }

    private void take(LedgerFile.Line line, LedgerFile.From at) throws IOException {
        switch (line) {
            case LedgerFile.Line.Composed composed -> take(composed, at);
            case LedgerFile.Line.Done done -> {
                if (done.step() > step) {
                    results.put(done.step(), done.result());
                }
            }
            case LedgerFile.Line.Changed changed -> {
                if (changed.step() > step) {
                    changes.add(changed.change());
                }
            }
            case LedgerFile.Line.Ended _, LedgerFile.Line.Taken _ -> {}
        }
    }

    private void take(LedgerFile.Line.Composed composed, LedgerFile.From at) throws IOException {
        if (composed.step() != recorded + 1) {
            throw new IOException(file + ": step " + composed.step() + " follows step " + recorded
                    + ": lines are missing. Put the file back as it was, or begin a new run in another"
                    + " millrace.checkpoint.directory");
        }
        if (recorded <= published) {
            mark = new LedgerReader.Mark(published, at);
        }
        recorded = composed.step();
        if (composed.step() > step) {
            ahead.add(composed.composition());
        } else {
            skips.addAll(composed.composition().skips());
        }
    }

    /// The changes of settings that steps after the one that the run goes on after were made with, oldest first.
    public List<SettingsChange> changes() {
        return List.copyOf(changes);
    }

    /// One that finds the steps that are not published yet without reading those before.
    public LedgerReader reader() {
        return LedgerReader.from(directory, mark);
    }

    Path directory() {
        return directory;
    }

    Path file() {
        return file;
    }

    long step() {
        return step;
    }

    /// The last step that stands there.
    long recorded() {
        return recorded;
    }

    /// The last owner that wrote; 0 where none has.
    long owner() {
        return end.owner();
    }

    /// The compositions of the steps that are to be done again, in their order.
    List<Composition> ahead() {
        return List.copyOf(ahead);
    }

    /// What came of them.
    Map<Long, StepResult> results() {
        return Map.copyOf(results);
    }

    /// The ranges that were left out by the steps that the run goes on after.
    List<Skip> skips() {
        return List.copyOf(skips);
    }

    /// How many lines were passed over, and who wrote the last of them.
    Late late() {
        return new Late(late, lateOwner);
    }

    /// Lines of owners that another had followed.
    record Late(long lines, long owner) {}
}
