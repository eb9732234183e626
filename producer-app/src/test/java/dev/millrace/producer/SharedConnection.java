package dev.millrace.producer;

import static org.awaitility.Awaitility.await;

import dev.millrace.testing.Certificates;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.PfxOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// One HTTP/2 connection over TLS, with requests beside each other that are written and read piece by piece.
final class SharedConnection implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client;
    private final int port;

    SharedConnection(int port, Certificates trusted) {
        this.port = port;
        this.client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setUseAlpn(true)
                        .setSsl(true)
                        // An answer that is not read holds up no other.
                        .setHttp2ConnectionWindowSize(1 << 20)
                        .setTrustOptions(new PfxOptions()
                                .setPath(trusted.store().toString())
                                .setPassword(trusted.password())),
                new PoolOptions().setHttp2MaxSize(1));
    }

    /// Begins a request whose answer is read; its head is sent with the first bytes of its body.
    Exchange post(String path, Map<String, String> headers) {
        return new Exchange(begin(path, headers), true);
    }

    /// Begins a request whose answer is not read.
    Exchange postDeaf(String path, Map<String, String> headers) {
        return new Exchange(begin(path, headers), false);
    }

    private HttpClientRequest begin(String path, Map<String, String> headers) {
        HttpClientRequest request = now(client.request(new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("localhost")
                .setPort(port)
                .setURI(path)
                .setHeaders(MultiMap.caseInsensitiveMultiMap().addAll(headers))));
        return request.setChunked(true);
    }

    /// A request and its answer.
    static final class Exchange {
        private final HttpClientRequest request;
        private final CompletableFuture<Long> reset = new CompletableFuture<>();
        private final List<String> read = new CopyOnWriteArrayList<>();

        private Exchange(HttpClientRequest request, boolean heard) {
            this.request = request;
            request.exceptionHandler(this::broken);
            // On the event loop, before the first bytes of the answer are told.
            var _ = request.response().onSuccess(response -> {
                response.exceptionHandler(this::broken);
                if (heard) {
                    response.handler(bytes -> read.add(bytes.toString()));
                } else {
                    response.pause();
                }
            });
        }

        private void broken(Throwable error) {
            if (error instanceof StreamResetException known) {
                reset.complete(known.getCode());
            } else {
                reset.completeExceptionally(error);
            }
        }

        Exchange write(String bytes) {
            var _ = request.write(bytes);
            return this;
        }

        void end() {
            var _ = request.end();
        }

        /// The head of the answer.
        HttpClientResponse answer() {
            return now(request.response());
        }

        /// Waits until the answer holds a text.
        String readUntil(String wanted) {
            await().atMost(LIMIT).until(() -> soFar().contains(wanted) || reset.isDone());
            if (!soFar().contains(wanted)) {
                throw new AssertionError("broken off with " + reset + " before " + wanted + ": " + soFar());
            }
            return soFar();
        }

        private String soFar() {
            return String.join("", read);
        }

        boolean isBrokenOff() {
            return reset.isDone();
        }

        /// Waits until the server breaks this request off, and returns the code that it gives.
        long brokenOff() {
            return reset.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
        }
    }

    private static <T> T now(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void close() {
        now(vertx.close());
    }
}
