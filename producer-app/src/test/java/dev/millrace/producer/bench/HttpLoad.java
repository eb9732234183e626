package dev.millrace.producer.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Clients that send one request after another, each on a connection of its own that is kept.
///
/// @param port of the producer
/// @param connections at once
/// @param perRequest documents of a request; 1 sends JSON, more NDJSON
record HttpLoad(int port, int connections, int perRequest) {
    /// What the clients saw.
    record Seen(long documents, List<Long> latencies) {}

    Seen run(Documents documents, Duration time) throws InterruptedException, ExecutionException {
        long end = System.nanoTime() + time.toNanos();
        try (ExecutorService threads = Executors.newFixedThreadPool(connections)) {
            List<Future<Seen>> clients = new ArrayList<>();
            for (int client = 0; client < connections; client++) {
                long first = client * 7919L;
                clients.add(threads.submit(() -> client(documents, first, end)));
            }
            long sum = 0;
            List<Long> latencies = new ArrayList<>();
            for (Future<Seen> client : clients) {
                sum += client.get().documents();
                latencies.addAll(client.get().latencies());
            }
            return new Seen(sum, latencies);
        }
    }

    private Seen client(Documents documents, long first, long end) throws IOException {
        List<Long> latencies = new ArrayList<>();
        long n = first;
        try (Socket socket = new Socket("localhost", port)) {
            socket.setTcpNoDelay(true);
            byte[] buffer = new byte[1 << 16];
            while (System.nanoTime() < end) {
                byte[] request = request(documents, n);
                n += perRequest;
                long sent = System.nanoTime();
                socket.getOutputStream().write(request);
                readAnswer(socket.getInputStream(), buffer);
                latencies.add(System.nanoTime() - sent);
            }
        }
        return new Seen(n - first, latencies);
    }

    private byte[] request(Documents documents, long first) {
        int length = perRequest == 1 ? Documents.SIZE : perRequest * (Documents.SIZE + 1);
        String type = perRequest == 1 ? "application/json" : "application/x-ndjson";
        ByteArrayOutputStream request = new ByteArrayOutputStream(length + 200);
        request.writeBytes(("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                        + "\r\nContent-Length: " + length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < perRequest; i++) {
            request.writeBytes(documents.get(first + i));
            if (perRequest > 1) {
                request.write('\n');
            }
        }
        return request.toByteArray();
    }

    /// Reads to the end of the answer, which must say that all was delivered.
    private void readAnswer(InputStream in, byte[] buffer) throws IOException {
        // Only the head and the tail are looked at: the client is not what is measured.
        StringBuilder tail = new StringBuilder();
        String head = "";
        while (true) {
            int count = in.read(buffer);
            if (count < 0) {
                throw new IOException("the answer broke off: " + head + " … " + tail);
            }
            String part = new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
            if (head.isEmpty()) {
                head = part;
                if (!head.startsWith("HTTP/1.1 200")) {
                    throw new IOException("refused: " + head);
                }
            }
            tail.append(part);
            if (tail.length() > 1_000) {
                tail.delete(0, tail.length() - 1_000);
            }
            String delivered = perRequest == 1 ? "\"status\":\"delivered\"" : "\"delivered\":" + perRequest + ",";
            String end = perRequest == 1 ? "}" : "\r\n0\r\n\r\n";
            if (tail.indexOf(delivered) >= 0 && tail.toString().endsWith(end)) {
                return;
            }
            if (perRequest > 1 && tail.toString().endsWith(end)) {
                throw new IOException("not all was delivered: " + tail);
            }
        }
    }
}
