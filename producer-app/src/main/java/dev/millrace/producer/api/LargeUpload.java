package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.document.LargeBody;
import dev.millrace.producer.unpack.Unpacking;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.Serial;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The body of one request that is too large for the log, on its way to the store: it is read on when the store has
/// taken what came before.
///
/// Runs on the request's event loop, but for what waits for the store: that runs on a worker, one piece at a time.
final class LargeUpload {
    private static final Logger LOG = Logger.getLogger(LargeUpload.class);

    private final HttpServerRequest request;
    private final Context context;
    private final Reception reception;
    private final Unpacking unpacking;
    private final BodyDeadline deadline;
    private final SingleDocument document;
    private final Room.Share share;
    private @Nullable LargeBody body;
    private long taken;
    private long timed;
    private boolean busy;
    private boolean over;

    /// @param deadline begun; it begins anew with each `millrace.documents.max-size` bytes
    /// @param document is told how it ends
    LargeUpload(
            HttpServerRequest request,
            Context context,
            Reception reception,
            Unpacking unpacking,
            BodyDeadline deadline,
            SingleDocument document) {
        this.request = request;
        this.context = context;
        this.reception = reception;
        this.unpacking = unpacking;
        this.deadline = deadline;
        this.document = document;
        this.share = reception.room().share(context);
    }

    /// @param beginning what came of the body up to here, unpacked
    void start(BodyReader reader, byte[] beginning) {
        pause();
        request.handler(this::take);
        request.endHandler(_ -> {
            if (!over) {
                deadline.pause();
                unpacking.end();
                work(this::store);
            }
        });
        share.hold(beginning.length);
        work(() -> begin(reader, beginning));
    }

    private void take(Buffer part) {
        if (!over) {
            pause();
            unpacking.feed(part.getBytes());
            work(this::store);
        }
    }

    private void pause() {
        deadline.pause();
        request.pause();
    }

    private void work(Callable<Optional<Admission>> step) {
        busy = true;
        context.executeBlocking(step, false).onComplete(done -> {
            busy = false;
            if (over) {
                close();
            } else if (done.failed()) {
                fail(done.cause());
            } else if (done.result().isPresent()) {
                document.largeRead(done.result().get());
            } else {
                readOn();
            }
        });
    }

    /// The cluster is away: what would go to the store first could not be sent.
    private static final class AwayException extends Exception {
        @Serial
        private static final long serialVersionUID = 1;

        private final String reason;

        private AwayException(String reason) {
            super(reason);
            this.reason = reason;
        }
    }

    /// There is no room to unpack it.
    private static final class BusyException extends Exception {
        @Serial
        private static final long serialVersionUID = 1;

        private BusyException(String reason) {
            super("the body " + reason);
        }
    }

    /// On a worker thread.
    private Optional<Admission> begin(BodyReader reader, byte[] beginning)
            throws IOException, AwayException, BusyException {
        return switch (reader.oversize()) {
            case BodyReader.Oversize.Refused no -> Optional.of(no.no());
            case BodyReader.Oversize.Taken yes -> {
                body = yes.body();
                Optional<String> away = reception.publisher().unavailable(reception.topic());
                if (away.isPresent()) {
                    throw new AwayException(away.get());
                }
                Optional<Admission.Rejected> fault = store(yes.body(), beginning);
                yield fault.isPresent() ? Optional.of(fault.get()) : store();
            }
        };
    }

    /// On a worker thread.
    ///
    /// @return what the body is, where that is known
    private Optional<Admission> store() throws IOException, BusyException {
        LargeBody into = Objects.requireNonNull(body, "a body is taken from its beginning");
        while (true) {
            switch (unpacking.next()) {
                case Unpacking.Bytes piece -> {
                    Optional<Admission.Rejected> fault = store(into, piece.bytes());
                    if (fault.isPresent()) {
                        return Optional.of(fault.get());
                    }
                }
                case Unpacking.Piece.Hungry _ -> {
                    return Optional.empty();
                }
                case Unpacking.Piece.End _ -> {
                    return Optional.of(into.end());
                }
                case Unpacking.Piece.Broken no when no.fault() == Fault.BUSY -> throw new BusyException(no.reason());
                case Unpacking.Piece.Broken no -> {
                    return Optional.of(new Admission.Rejected(no.fault(), "", 1, 1, "the body " + no.reason()));
                }
            }
        }
    }

    private Optional<Admission.Rejected> store(LargeBody into, byte[] piece) throws IOException {
        taken += piece.length;
        return into.take(piece);
    }

    private void readOn() {
        share.hold(body == null ? 0 : body.memory());
        if (taken - timed >= reception.reader().maxBytes()) {
            timed = taken;
            deadline.begin();
        }
        share.whenFree(
                () -> {
                    if (!over) {
                        deadline.ask();
                        request.resume();
                    }
                },
                () -> {
                    if (!over) {
                        document.largeFailed(Problem.busy(reception.config().retryAfter()));
                    }
                });
    }

    private void fail(Throwable error) {
        LOG.warnf("a body of %d bytes or more does not go to the store: %s", taken, error);
        Duration retryAfter = reception.config().retryAfter();
        document.largeFailed(
                switch (error) {
                    case BusyException busy -> Problem.busy(String.valueOf(busy.getMessage()), retryAfter);
                    case AwayException away -> Problem.unavailable(away.reason, retryAfter);
                    case IOException fault -> Problem.store(fault, retryAfter);
                    default -> Problem.of(500, "The document was not stored", "see the log of the producer");
                });
    }

    /// The request is over, in whatever way; what was not accepted leaves nothing behind. Once.
    void end() {
        over = true;
        share.close();
        if (!busy) {
            close();
        }
    }

    private void close() {
        unpacking.close();
        LargeBody now = body;
        if (now == null) {
            return;
        }
        // Deleting waits for a disk.
        var _ = context.executeBlocking(
                () -> {
                    now.close();
                    return null;
                },
                false);
    }
}
