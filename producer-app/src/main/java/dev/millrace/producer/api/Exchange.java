package dev.millrace.producer.api;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

/// A request and its answer, one of perhaps many on a connection.
final class Exchange {
    /// RFC 9113, 8.1: the answer is whole, and what is still sent of the request is not needed. Clients keep the
    /// answer.
    private static final long NO_ERROR = 0;
    /// RFC 9113, 7: the answer will not come to its end. Of codes that say more, Netty ends a connection at the two
    /// hundredth within half a minute.
    private static final long CANCEL = 8;

    private Exchange() {}

    /// Breaks it off; on its event loop. HTTP/1.1 has no word for that but the end of the connection, which serves
    /// nothing else. In HTTP/2 the other requests of the connection go on.
    ///
    /// @param answered whether the whole answer is on its way
    static void breakOff(HttpServerRequest request, boolean answered) {
        if (request.version() == HttpVersion.HTTP_2) {
            var _ = request.response().reset(answered ? NO_ERROR : CANCEL);
        } else {
            var _ = request.connection().close();
        }
    }
}
