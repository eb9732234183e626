package dev.millrace.producer.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.Objects;

/// What a client still sends of a request that was answered already.
final class UnreadBody {
    /// A client has so long to read the answer and to come to an end, before it is broken off.
    private static final long DROP_MILLIS = 2_000;

    private UnreadBody() {}

    /// Drops it, so that the answer is read and the connection stays of use; for a while. On the request's event loop.
    ///
    /// @param answered is done when the answer is on its way
    static void drop(HttpServerRequest request, Future<Void> answered) {
        if (request.isEnded()) {
            return;
        }
        Vertx vertx = Objects.requireNonNull(Vertx.currentContext(), "requests are refused on their context")
                .owner();
        long timer = vertx.setTimer(DROP_MILLIS, _ -> Exchange.breakOff(request, answered.succeeded()));
        request.handler(_ -> {});
        request.endHandler(_ -> vertx.cancelTimer(timer));
        request.exceptionHandler(_ -> vertx.cancelTimer(timer));
        request.resume();
    }
}
