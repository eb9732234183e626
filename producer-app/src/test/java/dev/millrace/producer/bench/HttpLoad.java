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
import java.util.ArrayList;
import java.util.List;

/// Clients that send one request after another, each on a connection of its own that is kept.
///
/// One thread serves them all, and copies what it sends but for the ids: the load shares the cores with what is
/// measured,
/// and a thread per connection would take more of them than the producer.
///
/// @param port of the producer
/// @param connections at once
/// @param perRequest documents of a request; 1 sends JSON, more NDJSON
record HttpLoad(int port, int connections, int perRequest) {
    private static final int BUFFER = 1 << 18;
    private static final String OK = "HTTP/1.1 200";
    /// Of an answer, the last bytes are looked at.
    private static final int LOOKED_AT = 1 << 10;

    /// What the clients saw.
    record Seen(long documents, List<Long> latencies) {}

    Seen run(Documents documents, Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        ByteBuffer answers = ByteBuffer.allocateDirect(BUFFER);
        List<Client> clients = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            try {
                for (int each = 0; each < connections; each++) {
                    clients.add(new Client(selector, documents, each * 7919L));
                }
                while (clients.stream().anyMatch(client -> client.key.isValid())) {
                    selector.select(key -> ((Client) key.attachment()).goOn(answers, end));
                }
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

    /// One connection, which writes a request or reads its answer.
    private final class Client {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final Documents documents;
        private final ByteBuffer body;
        private final ByteBuffer head;
        private final List<Long> latencies = new ArrayList<>();
        private final StringBuilder answer = new StringBuilder();
        private long n;
        private ByteBuffer[] request = {};
        private long sent;

        Client(Selector selector, Documents documents, long first) throws IOException {
            this.documents = documents;
            this.body = ByteBuffer.allocateDirect(length());
            this.n = first;
            String type = perRequest == 1 ? "application/json" : "application/x-ndjson";
            this.head = ByteBuffer.wrap(("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                            + "\r\nContent-Length: " + length() + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            this.channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            this.key = channel.register(selector, SelectionKey.OP_WRITE, this);
            begin();
        }

        private int length() {
            return perRequest * Documents.LINE - (perRequest == 1 ? 1 : 0);
        }

        private void begin() {
            // A request's lines lie side by side, so the last ones of the corpus may be passed over.
            int first = (int) (n % (Documents.DISTINCT - perRequest + 1));
            body.clear().put(documents.lines().slice(first * Documents.LINE, length()));
            for (int each = 0; each < perRequest; each++) {
                Documents.name(body, each * Documents.LINE, documents.next());
            }
            request = new ByteBuffer[] {head.duplicate(), body.flip()};
            n += perRequest;
            answer.setLength(0);
            sent = System.nanoTime();
        }

        private void goOn(ByteBuffer answers, long end) {
            try {
                if (key.isWritable()) {
                    write();
                }
                if (key.isReadable() && read(answers)) {
                    latencies.add(System.nanoTime() - sent);
                    if (System.nanoTime() >= end) {
                        key.cancel();
                    } else {
                        begin();
                        write();
                    }
                }
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
