package dev.millrace.trainer.weights;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Writes the weights of a Hugging Face model directory as [WeightFiles] reads them: one file, or, where they are
/// longer than a shard may be, several with an index, which comes last.
public final class ShardedWriter {
    /// The longest that Hugging Face's `save_pretrained` writes, too.
    private static final long LONGEST_SHARD = 5_000_000_000L;

    private ShardedWriter() {}

    /// @param tensors float32, by name
    /// @throws IOException naming the file, if it cannot be written or is there already
    public static void write(Path directory, Map<String, NDArray> tensors, FloatFormat format) throws IOException {
        write(directory, tensors, format, LONGEST_SHARD);
    }

    /// @param longest bytes of data in a file; a tensor that is longer has one of its own
    static void write(Path directory, Map<String, NDArray> tensors, FloatFormat format, long longest)
            throws IOException {
        List<SortedMap<String, NDArray>> shards = shards(tensors, format, longest);
        if (shards.size() == 1) {
            SafetensorsWriter.write(directory.resolve(WeightFiles.SINGLE), shards.getFirst(), Map.of(), format);
            return;
        }
        ObjectNode index = new ObjectMapper().createObjectNode();
        long bytes = tensors.values().stream()
                .mapToLong(tensor -> bytes(tensor, format))
                .sum();
        index.putObject("metadata").put("total_size", bytes);
        ObjectNode shardOf = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            SafetensorsWriter.write(directory.resolve(name), shards.get(i), Map.of(), format);
            shards.get(i).keySet().forEach(tensor -> shardOf.put(tensor, name));
        }
        force(directory.resolve(WeightFiles.INDEX), index.toPrettyString());
    }

    private static List<SortedMap<String, NDArray>> shards(
            Map<String, NDArray> tensors, FloatFormat format, long longest) {
        List<SortedMap<String, NDArray>> shards = new ArrayList<>(List.of(new TreeMap<>()));
        long length = 0;
        for (Map.Entry<String, NDArray> tensor : new TreeMap<>(tensors).entrySet()) {
            long bytes = bytes(tensor.getValue(), format);
            if (length > 0 && length + bytes > longest) {
                shards.add(new TreeMap<>());
                length = 0;
            }
            shards.getLast().put(tensor.getKey(), tensor.getValue());
            length += bytes;
        }
        return shards;
    }

    private static long bytes(NDArray tensor, FloatFormat format) {
        return Math.multiplyExact(tensor.size(), (long) format.type().bytes());
    }

    private static void force(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }
}
