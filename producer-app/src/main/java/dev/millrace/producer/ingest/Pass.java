package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.Item;
import dev.millrace.producer.source.ReadAhead;
import dev.millrace.producer.source.Reading;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Files from where an opened log says that they are to their end, or to the log's first failure.
///
/// Commits by the interval; what it read last is left in the open transaction, for whoever runs it to commit. One
/// thread.
final class Pass {
    /// Files that one transaction may end.
    private static final int MOST_CURSORS = 1_000;
    /// Rejected lines of one file that are told one by one.
    private static final int TOLD = 20;

    private final IngestionLog log;
    private final Reading reading;
    private final RefusedPlaces refused;
    private final RejectionTally rejected;
    private final Host host;
    private final Course course;
    private final long interval;
    private final Totals before;
    private final Map<Path, FileCursor> moved = new LinkedHashMap<>();
    private Totals committed;
    private Totals open = Totals.NONE;
    private int rejectedOfFile;
    /// The transaction that is open, or the next one.
    private long begun = System.nanoTime();

    /// Who runs it.
    interface Host {
        /// Whether it is to end now.
        boolean isStopped();

        /// Commits what was sent since the last commit.
        ///
        /// @param after of all runs, with what was sent
        /// @param moved cursors of what was sent, by file
        void commit(Totals after, Map<Path, FileCursor> moved);
    }

    /// @param before what was committed before this run, whose part alone is shown
    Pass(
            IngestionLog log,
            Reading reading,
            RefusedPlaces refused,
            RejectionTally rejected,
            Host host,
            Course course,
            Duration interval,
            Totals before) {
        this.log = log;
        this.reading = reading;
        this.refused = refused;
        this.rejected = rejected;
        this.host = host;
        this.course = course;
        this.interval = interval.toNanos();
        this.before = before;
        this.committed = log.progress().totals();
    }

    /// Reads them all, or as many as it comes to before it is stopped.
    ///
    /// @throws IOException where a file cannot be read
    void run(List<DocumentFile> files) throws IOException, InterruptedException {
        for (DocumentFile file : files) {
            if (!host.isStopped()) {
                ingest(file);
            }
        }
    }

    /// Of all runs, with what is not committed yet.
    Totals totals() {
        return committed.plus(open);
    }

    /// Of what is not committed yet.
    Map<Path, FileCursor> moved() {
        return moved;
    }

    private void ingest(DocumentFile file) throws IOException, InterruptedException {
        rejectedOfFile = 0;
        FileCursor from = whereToGoOn(file);
        String unit = file.unit();
        new ReadAhead(file).read(from.bytes(), from.line(), reading, new DocumentFile.Taker() {
            @Override
            public boolean take(Item item) throws IOException {
                Place place = new Place(from.file(), unit, item.line());
                Pass.this.take(place, item);
                if (item.ended() || item.admission() instanceof Admission.Accepted) {
                    FileHead head = moved.getOrDefault(from.file(), from).head();
                    moved.put(from.file(), new FileCursor(from.file(), head, item.line(), item.end()));
                }
                Totals shown = committed.minus(before);
                course.at(place, item.read(), shown.documents() + open.documents(), shown);
                return goesOn(file, from.file());
            }

            @Override
            public boolean idle() throws IOException {
                return goesOn(file, from.file());
            }
        });
        identify(file, from.file());
        if (!host.isStopped()) {
            course.ended(file);
        }
        if (moved.size() >= MOST_CURSORS) {
            commit();
        }
    }

    /// Commits when it is time, with or without something new.
    private boolean goesOn(DocumentFile file, Path path) throws IOException {
        if (System.nanoTime() - begun >= interval) {
            identify(file, path);
            commit();
        }
        return !host.isStopped();
    }

    private FileCursor whereToGoOn(DocumentFile file) throws IOException {
        Path path = file.path().toAbsolutePath().normalize();
        FileCursor known = log.progress().cursors().get(path);
        if (known == null) {
            return FileCursor.beginningOf(path);
        }
        if (!known.head().isOf(file)) {
            course.say(path + " is not the file that was read before: it is read from its beginning");
            return FileCursor.beginningOf(path);
        }
        if (known.bytes() > 0) {
            course.say(path + " goes on after " + file.unit() + " " + known.line());
        }
        return known;
    }

    private void identify(DocumentFile file, Path path) throws IOException {
        FileCursor cursor = moved.get(path);
        if (cursor != null && cursor.head().bytes() < Math.min(FileHead.MOST, cursor.bytes())) {
            moved.put(path, new FileCursor(path, FileHead.of(file, cursor.bytes()), cursor.line(), cursor.bytes()));
        }
    }

    private void take(Place place, Item item) {
        switch (item.admission()) {
            case Admission.Rejected no -> {
                open = open.plusRejected();
                rejected.take(no.fault());
                rejectedOfFile++;
                if (rejectedOfFile <= TOLD) {
                    course.say(place + " rejected: " + no.describe()
                            + (item.ended() ? "" : "; it lacks its end, and is read again next time")
                            + (rejectedOfFile == TOLD ? "; more of this file are counted only" : ""));
                }
            }
            case Admission.Accepted yes -> send(place, yes.document());
        }
    }

    private void send(Place place, Document document) {
        Optional<String> reason = refused.reason(place);
        if (reason.isPresent()) {
            course.say(place + " is left out, the broker refuses it: " + reason.get());
            open = open.plusFailed();
            return;
        }
        log.send(document, error -> refused.take(place, error));
        open = open.plusDelivered(document.value().length);
    }

    private void commit() {
        host.commit(totals(), moved);
        committed = totals();
        open = Totals.NONE;
        moved.clear();
        begun = System.nanoTime();
    }
}
