package dev.millrace.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// An HTTP/1.1 POST that is written and read byte by byte, as slow and broken clients do.
public final class RawRequest implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 30_000;

    private final Socket socket;

    private RawRequest(int port, String head) throws IOException {
        socket = new Socket("localhost", port);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        write(head);
    }

    private RawRequest(int port, String path, String type, String framing) throws IOException {
        this(
                port,
                String.join(
                        "\r\n",
                        "POST " + path + " HTTP/1.1",
                        "Host: localhost",
                        "Content-Type: " + type,
                        framing,
                        "",
                        ""));
    }

    /// Whatever is said to be a request.
    public static RawRequest raw(int port, String head) throws IOException {
        return new RawRequest(port, head);
    }

    /// A stream of documents, its body in chunks.
    public static RawRequest stream(int port, String path) throws IOException {
        return new RawRequest(port, path, "application/x-ndjson", "Transfer-Encoding: chunked");
    }

    /// The same with a header more.
    public static RawRequest stream(int port, String path, String header) throws IOException {
        return new RawRequest(port, path, "application/x-ndjson", "Transfer-Encoding: chunked\r\n" + header);
    }

    /// One document of a length that is announced.
    public static RawRequest single(int port, String path, int length) throws IOException {
        return new RawRequest(port, path, "application/json", "Content-Length: " + length);
    }

    /// The same with a header more.
    public static RawRequest single(int port, String path, int length, String header) throws IOException {
        return new RawRequest(port, path, "application/json", "Content-Length: " + length + "\r\n" + header);
    }

    /// A medium of a length that is announced.
    public static RawRequest medium(int port, String path, int length) throws IOException {
        return new RawRequest(port, path, "image/png", "Content-Length: " + length);
    }

    /// Bytes of the body, as they are.
    public void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Bytes of the body, as they are.
    public void write(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }

    /// A chunk of a body in chunks.
    public void chunk(String text) throws IOException {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        write(Integer.toHexString(length) + "\r\n" + text + "\r\n");
    }

    /// The same of bytes.
    public void chunk(byte[] bytes) throws IOException {
        write(Integer.toHexString(bytes.length) + "\r\n");
        write(bytes);
        write("\r\n");
    }

    /// The end of a body in chunks.
    public void lastChunk() throws IOException {
        write("0\r\n\r\n");
    }

    /// What came of the answer since the last call, up to a text that is waited for.
    public String readUntil(String wanted) throws IOException {
        StringBuilder read = new StringBuilder();
        while (read.indexOf(wanted) < 0) {
            if (!readInto(read)) {
                throw new IOException("the answer ended before " + wanted + ": " + read);
            }
        }
        return read.toString();
    }

    /// What came of the answer since the last call, up to the end of the connection.
    public String readToEnd() throws IOException {
        StringBuilder read = new StringBuilder();
        boolean more = true;
        while (more) {
            more = readInto(read);
        }
        return read.toString();
    }

    private boolean readInto(StringBuilder read) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[4096];
        int count = in.read(buffer);
        if (count > 0) {
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
        return count >= 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
