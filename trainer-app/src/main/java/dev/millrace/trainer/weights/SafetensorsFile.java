package dev.millrace.trainer.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SequencedSet;

/// A safetensors file, mapped into memory and read only: 8 bytes of header length, a JSON header, the data.
///
/// Tensors are copied out piece by piece, never whole through the heap. May be used by one thread, the one that
/// opened it.
public final class SafetensorsFile implements AutoCloseable {
    /// The format's own limit for a header.
    private static final long LONGEST_HEADER = 100_000_000;

    private static final int CHUNK_ELEMENTS = 4 << 20;

    private final Path path;
    private final Arena arena;
    private final MemorySegment data;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, Arena arena, MemorySegment data, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.data = data;
        this.header = header;
    }

    /// Maps a file and checks its header.
    ///
    /// @throws CorruptWeightsException if the file is not a complete safetensors file
    @SuppressWarnings("MustBeClosedChecker") // the arena closes with the file, or below if there will be none
    public static SafetensorsFile open(Path path) throws IOException {
        Arena arena = Arena.ofConfined();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < Long.BYTES) {
                throw new CorruptWeightsException(path, "has " + size + " bytes: not a safetensors file");
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            long length = file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            if (length < 2 || length > LONGEST_HEADER || length > size - Long.BYTES) {
                throw new CorruptWeightsException(
                        path, "the header claims " + length + " bytes in a file of " + size + ": damaged or cut short");
            }
            byte[] text = file.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
            MemorySegment data = file.asSlice(Long.BYTES + length);
            SafetensorsHeader header =
                    SafetensorsHeader.parse(new String(text, StandardCharsets.UTF_8), data.byteSize(), path);
            return new SafetensorsFile(path, arena, data, header);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public Path path() {
        return path;
    }

    public SequencedSet<String> names() {
        return header.tensors().sequencedKeySet();
    }

    /// The strings under `__metadata__`.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// The shape of a tensor.
    ///
    /// @throws CorruptWeightsException if there is no such tensor
    public Shape shape(String name) throws CorruptWeightsException {
        return entry(name).shape();
    }

    /// Copies a floating point tensor into memory of libtorch's own, as float32.
    public NDArray read(String name, NDManager owner) throws CorruptWeightsException {
        SafetensorsHeader.Entry entry = floating(name);
        MemorySegment tensor = data.asSlice(entry.begin(), entry.end() - entry.begin());
        NDArray target = owner.create(entry.shape(), DataType.FLOAT32);
        long elements = entry.elements();
        int chunk = Math.toIntExact(Math.min(elements, CHUNK_ELEMENTS));
        ByteBuffer bytes = ByteBuffer.allocateDirect(chunk * Float.BYTES).order(ByteOrder.nativeOrder());
        try (NDManager scope = owner.newSubManager()) {
            NDArray flat = target.reshape(elements);
            flat.attach(scope);
            for (long first = 0; first < elements; first += chunk) {
                int count = Math.toIntExact(Math.min(chunk, elements - first));
                bytes.clear().limit(count * Float.BYTES);
                entry.type().readFloats(tensor, first, bytes.asFloatBuffer());
                // The piece lies in Java's memory; setting a range copies it into libtorch's, which is aligned.
                try (NDArray piece = scope.create(bytes, new Shape(count), DataType.FLOAT32)) {
                    flat.set(new NDIndex(first + ":" + (first + count)), piece);
                }
            }
        }
        return target;
    }

    /// A floating point tensor as an array, for small ones.
    public float[] floats(String name) throws CorruptWeightsException {
        SafetensorsHeader.Entry entry = floating(name);
        FloatBuffer floats = FloatBuffer.allocate(Math.toIntExact(entry.elements()));
        entry.type().readFloats(data.asSlice(entry.begin(), entry.end() - entry.begin()), 0, floats);
        return floats.array();
    }

    /// An I64 tensor as an array, for small ones whose values fit an int.
    public int[] ints(String name) throws CorruptWeightsException {
        SafetensorsHeader.Entry entry = entry(name);
        if (entry.type() != ElementType.I64) {
            throw new CorruptWeightsException(path, "tensor " + name + " is " + entry.type() + ", I64 was expected");
        }
        IntBuffer ints = IntBuffer.allocate(Math.toIntExact(entry.elements()));
        entry.type().readInts(data.asSlice(entry.begin(), entry.end() - entry.begin()), 0, ints);
        return ints.array();
    }

    private SafetensorsHeader.Entry floating(String name) throws CorruptWeightsException {
        SafetensorsHeader.Entry entry = entry(name);
        if (entry.type() == ElementType.I64) {
            throw new CorruptWeightsException(path, "tensor " + name + " is I64, a floating point type was expected");
        }
        return entry;
    }

    private SafetensorsHeader.Entry entry(String name) throws CorruptWeightsException {
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new CorruptWeightsException(path, "has no tensor " + name);
        }
        return entry;
    }

    @Override
    public void close() {
        arena.close();
    }
}
