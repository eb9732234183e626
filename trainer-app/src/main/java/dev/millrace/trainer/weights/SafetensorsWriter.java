package dev.millrace.trainer.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Writes floats as one safetensors file: by name, piece by piece, forced to the disk before it returns.
///
/// The bytes depend on names, values and metadata only. The data begins at a multiple of 64 bytes, so that a reader
/// may use the mapped file as it lies.
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 64;
    private static final int CHUNK_ELEMENTS = 4 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private SafetensorsWriter() {}

    /// Writes a new file.
    ///
    /// @param tensors float32, by name
    /// @param metadata what `__metadata__` holds beside `format`, which is always `pt`
    /// @throws FileAlreadyExistsException if the file is there already
    /// @throws IOException naming the file, if it cannot be written
    public static void write(Path file, Map<String, NDArray> tensors, Map<String, String> metadata) throws IOException {
        write(file, tensors, metadata, FloatFormat.FP32);
    }

    /// As the other, in a format.
    static void write(Path file, Map<String, NDArray> tensors, Map<String, String> metadata, FloatFormat format)
            throws IOException {
        ElementType type = format.type();
        SortedMap<String, NDArray> sorted = new TreeMap<>(tensors);
        sorted.forEach((name, tensor) -> {
            if (tensor.getDataType() != DataType.FLOAT32) {
                throw new IllegalArgumentException(
                        file + ": tensor " + name + " is " + tensor.getDataType() + ", it must be float32");
            }
        });
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(channel, header(sorted, metadata, type));
            for (NDArray tensor : sorted.values()) {
                writeData(channel, tensor, type);
            }
            channel.force(true);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private static ByteBuffer header(
            SortedMap<String, NDArray> tensors, Map<String, String> metadata, ElementType type) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode described = root.putObject(SafetensorsHeader.METADATA);
        described.put("format", "pt");
        new TreeMap<>(metadata).forEach(described::put);
        long offset = 0;
        for (Map.Entry<String, NDArray> tensor : tensors.entrySet()) {
            ObjectNode entry = root.putObject(tensor.getKey());
            entry.put("dtype", type.name());
            entry.set("shape", JSON.valueToTree(tensor.getValue().getShape().getShape()));
            long end = offset + Math.multiplyExact(tensor.getValue().size(), (long) type.bytes());
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (Long.BYTES + json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] bytes = new byte[padded];
        Arrays.fill(bytes, (byte) ' ');
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded - Long.BYTES).put(json);
        return header.rewind();
    }

    private static void writeData(FileChannel channel, NDArray tensor, ElementType type) throws IOException {
        long elements = tensor.size();
        int chunk = Math.toIntExact(Math.min(elements, CHUNK_ELEMENTS));
        ByteBuffer bytes = ByteBuffer.allocateDirect(chunk * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        try (NDManager scope = tensor.getManager().newSubManager()) {
            NDArray flat = tensor.reshape(-1);
            flat.attach(scope);
            for (long first = 0; first < elements; first += CHUNK_ELEMENTS) {
                long next = Math.min(elements, first + CHUNK_ELEMENTS);
                try (NDArray piece = flat.get(first + ":" + next)) {
                    FloatBuffer floats =
                            piece.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
                    type.writeFloats(floats, bytes.clear());
                    writeFully(channel, bytes.flip());
                }
            }
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
