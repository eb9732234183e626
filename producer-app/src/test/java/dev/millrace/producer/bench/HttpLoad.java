package dev.millrace.producer.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Clients that send one request after another, each on a connection of its own that is kept.
///
/// One thread serves them all, and copies what it sends but for the ids: the load shares the cores with what is
/// measured, and a thread per connection would take more of them than the producer.
///
/// @param port of the producer
/// @param connections at once
/// @param perRequest documents of a request; 1 sends JSON, more NDJSON
/// @param rate of documents per second, [#MOST] for as many as are answered
record HttpLoad(int port, int connections, int perRequest, double rate) {
    /// A request is sent as soon as there is a connection for it.
    static final double MOST = Double.POSITIVE_INFINITY;

    private static final int BUFFER = 1 << 18;
    private static final String OK = "HTTP/1.1 200";
    /// Of an answer, the last bytes are looked at.
    private static final int LOOKED_AT = 1 << 10;

    /// What the clients saw.
    ///
    /// @param latencies of requests, in nanoseconds, since each was due: waiting for a connection counts
    record Seen(long documents, List<Long> latencies) {}

    /// Is told of each document as its request is due.
    @FunctionalInterface
    interface Watcher {
        /// @param n as [Documents#next] gave it
        void sends(long n, long nanos);
    }

    Seen run(Documents documents, Duration time) throws IOException {
        return run(documents, time, (_, _) -> {});
    }

    Seen run(Documents documents, Duration time, Watcher watcher) throws IOException {
        List<Client> clients = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            try {
                for (int each = 0; each < connections; each++) {
                    clients.add(new Client(selector, documents, watcher, each * 7919L));
                }
                serve(selector, clients, time);
            } finally {
                for (Client client : clients) {
                    client.channel.close();
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        List<Long> latencies = new ArrayList<>();
        clients.forEach(client -> latencies.addAll(client.latencies));
        return new Seen((long) latencies.size() * perRequest, latencies);
    }

    private void serve(Selector selector, List<Client> clients, Duration time) throws IOException {
        ByteBuffer answers = ByteBuffer.allocateDirect(BUFFER);
        Deque<Client> idle = new ArrayDeque<>(clients);
        double interval = rate == MOST ? 0 : perRequest * 1e9 / rate;
        long began = System.nanoTime();
        long now = began;
        for (long requests = 0; now - began < time.toNanos() || idle.size() < clients.size(); now = System.nanoTime()) {
            for (; !idle.isEmpty() && now - began < time.toNanos(); requests++) {
                long due = interval == 0 ? now : began + (long) (requests * interval);
                if (due > now) {
                    break;
                }
                idle.removeFirst().begin(due);
            }
            selector.select(
                    key -> {
                        Client client = (Client) key.attachment();
                        if (client.goOn(answers)) {
                            idle.addLast(client);
                        }
                    },
                    1);
        }
    }

    /// One connection, which writes a request or reads its answer.
    private final class Client {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final Documents documents;
        private final Watcher watcher;
        private final ByteBuffer body;
        private final ByteBuffer head;
        private final List<Long> latencies = new ArrayList<>();
        private final StringBuilder answer = new StringBuilder();
        private long n;
        private ByteBuffer[] request = {};
        private long due;

        Client(Selector selector, Documents documents, Watcher watcher, long first) throws IOException {
            this.documents = documents;
            this.watcher = watcher;
            this.body = ByteBuffer.allocateDirect(length());
            this.n = first;
            String type = perRequest == 1 ? "application/json" : "application/x-ndjson";
            this.head = ByteBuffer.wrap(("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                            + "\r\nContent-Length: " + length() + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            this.channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            this.key = channel.register(selector, SelectionKey.OP_READ, this);
        }

        private int length() {
            return perRequest * documents.line() - (perRequest == 1 ? 1 : 0);
        }

        private void begin(long nanos) throws IOException {
            // A request's lines lie side by side, so the last ones of the corpus may be passed over.
            int first = (int) (n % (documents.distinct() - perRequest + 1));
            body.clear().put(documents.lines().slice(first * documents.line(), length()));
            for (int each = 0; each < perRequest; each++) {
                long number = documents.next();
                Documents.name(body, each * documents.line(), number);
                watcher.sends(number, nanos);
            }
            request = new ByteBuffer[] {head.duplicate(), body.flip()};
            n += perRequest;
            answer.setLength(0);
            due = nanos;
            write();
        }

        /// @return whether the answer is there
        private boolean goOn(ByteBuffer answers) {
            try {
                if (key.isWritable()) {
                    write();
                }
                if (key.isReadable() && read(answers)) {
                    latencies.add(System.nanoTime() - due);
                    return true;
                }
                return false;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /// A stream is answered while it is written: both at once, or nothing moves.
        private void write() throws IOException {
            channel.write(request);
            key.interestOps(
                    request[1].hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }

        /// @return whether the answer is there, whole; it must say that all was delivered
        private boolean read(ByteBuffer answers) throws IOException {
            answers.clear();
            int count = channel.read(answers);
            if (count < 0) {
                throw new IOException("the answer broke off: " + answer);
            }
            answers.flip();
            if (answer.isEmpty()
                    && !text(answers.slice(0, Math.min(count, OK.length())))
                            .toString()
                            .equals(OK)) {
                throw new IOException("refused: " + text(answers));
            }
            answers.position(Math.max(0, count - LOOKED_AT));
            answer.append(text(answers)).delete(0, Math.max(0, answer.length() - LOOKED_AT));
            String last = perRequest == 1 ? "}" : "\r\n0\r\n\r\n";
            if (answer.length() < last.length() || answer.lastIndexOf(last) != answer.length() - last.length()) {
                return false;
            }
            if (answer.indexOf(perRequest == 1 ? "\"status\":\"delivered\"" : "\"delivered\":" + perRequest + ",")
                    < 0) {
                throw new IOException("not all was delivered: " + answer);
            }
            return true;
        }

        private static CharBuffer text(ByteBuffer bytes) {
            return StandardCharsets.ISO_8859_1.decode(bytes);
        }
    }
}
