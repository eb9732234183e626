package dev.millrace.trainer.api;

import dev.millrace.trainer.generate.Written;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.Json;

/// How a text reaches whoever asked for it. Its methods run on the event loop of the request; where the client has gone
/// they do nothing.
sealed interface Reply {
    HttpServerResponse response();

    void done(Written written);

    void fail(Problem problem);

    /// The client has gone, or everything is said.
    default boolean over() {
        return response().ended() || response().closed();
    }

    /// All at once, as JSON.
    ///
    /// @param seed that gives the text again
    record Whole(HttpServerResponse response, long seed) implements Reply {
        @Override
        public void done(Written written) {
            if (!over()) {
                var _ = response.putHeader("Content-Type", "application/json")
                        .end(Json.encodeToBuffer(GenerateAnswer.whole(written, seed)));
            }
        }

        @Override
        public void fail(Problem problem) {
            if (!over()) {
                problem.answer(response);
            }
        }
    }

    /// As server-sent events (HTML standard, section 9.2) while it is written: `data` with a piece of the text, as
    /// often as there is one; at the end one event `end` with what is to be said of all of it, or one event `error`
    /// with a problem. As long as there was no event, a problem is the answer.
    ///
    /// Whoever writes never waits for a client: one that leaves more unread than a connection holds (64 KiB, beside
    /// what both systems do) is cut off, without an end.
    ///
    /// @param seed that gives the text again
    record Events(HttpServerResponse response, long seed) implements Reply {
        void piece(String text) {
            if (over()) {
                return;
            }
            if (response.writeQueueFull()) {
                response.reset();
                return;
            }
            begin();
            var _ = response.write(event("", Json.encode(new Piece(text))));
        }

        @Override
        public void done(Written written) {
            if (!over()) {
                begin();
                var _ = response.end(event("event: end\n", Json.encode(GenerateAnswer.totals(written, seed))));
            }
        }

        @Override
        public void fail(Problem problem) {
            if (over()) {
                return;
            }
            if (response.headWritten()) {
                var _ = response.end(event("event: error\n", Json.encode(problem.members())));
            } else {
                problem.answer(response);
            }
        }

        private void begin() {
            if (!response.headWritten()) {
                response.setChunked(true)
                        .putHeader("Content-Type", "text/event-stream")
                        .putHeader("Cache-Control", "no-store")
                        // nginx, of which ingresses are made, would collect them.
                        .putHeader("X-Accel-Buffering", "no");
            }
        }

        private static String event(String name, String data) {
            return name + "data: " + data + "\n\n";
        }

        private record Piece(String text) {}
    }
}
