package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import dev.millrace.producer.unpack.UnpackingRoom;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where a document is read that comes alone. To parse 4 MiB takes 6 ms, and to hold them against rules of quality 60
/// more: no other request of the event loop would move for so long.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class ReadingThreadTest {
    @Inject
    Vertx vertx;

    @Inject
    Receptions receptions;

    private final CompletableFuture<Boolean> onEventLoop = new CompletableFuture<>();
    private final AtomicInteger aside = new AtomicInteger();

    @ParameterizedTest
    @CsvSource({"65536, true", "65537, false"})
    void aSmallDocumentIsReadWhereItIsAndALargeOneHoldsNobodyUp(int size, boolean whereItIs) throws Exception {
        send(ContentCoding.IDENTITY, new byte[size]);

        assertThat(onEventLoop).isCompletedWithValue(whereItIs);
    }

    /// A buffer of 64 KiB may unpack to all that a document may have.
    @ParameterizedTest
    @CsvSource({"GZIP, 65536, 0", "GZIP, 1000000, 4", "ZSTD, 65536, 0", "ZSTD, 1000000, 4"})
    void whatUnpacksToALotIsUnpackedWhereItHoldsNobodyUp(ContentCoding coding, int size, int times) throws Exception {
        send(coding, packed(coding, new byte[size]));

        assertThat(aside).as("pieces that a worker was given").hasValueGreaterThanOrEqualTo(times);
        assertThat(onEventLoop).isCompletedWithValue(times == 0);
    }

    private static byte[] packed(ContentCoding coding, byte[] body) throws IOException {
        if (coding == ContentCoding.ZSTD) {
            return Zstd.compress(body);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(body);
        }
        return out.toByteArray();
    }

    private void send(ContentCoding coding, byte[] body) throws Exception {
        HttpServer server = vertx.createHttpServer()
                .requestHandler(request -> take(request, coding))
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .get();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + server.actualPort()))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(answer.body()).contains("was looked at");
        } finally {
            server.close().toCompletionStage().toCompletableFuture().get();
        }
    }

    private void take(HttpServerRequest request, ContentCoding coding) {
        request.pause();
        DocumentReader reader = new DocumentReader(1 << 20, 100, 10);
        new SingleDocument(
                        request,
                        counting(Objects.requireNonNull(Vertx.currentContext())),
                        receptions.of("documents", reader),
                        new Visit("anyone", new Tally(), Optional.empty(), Optional.empty()),
                        new Watched(),
                        new Unpacking(coding, 100, new UnpackingRoom(8 << 20)))
                .start();
    }

    /// Counts what is given to workers.
    private Context counting(Context context) {
        return (Context) Proxy.newProxyInstance(
                Context.class.getClassLoader(), new Class<?>[] {Context.class}, (_, method, arguments) -> {
                    if (method.getName().equals("executeBlocking")) {
                        aside.incrementAndGet();
                    }
                    return method.invoke(context, arguments);
                });
    }

    /// Takes nothing, and tells where it was asked.
    private final class Watched implements BodyReader {
        @Override
        public Admission read(byte[] body) {
            onEventLoop.complete(Context.isOnEventLoopThread());
            return new Admission.Rejected(Fault.SYNTAX, "", 1, 1, "was looked at");
        }

        @Override
        public Oversize oversize() {
            throw new AssertionError("smaller than it may be");
        }
    }
}
