package dev.millrace.trainer.weights;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// What a safetensors file says about itself: `{"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {…}}`.
///
/// Checked on reading: the offsets lie within the data, fit dtype and shape, and cover the data without gap or
/// overlap.
record SafetensorsHeader(SequencedMap<String, Entry> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final int MOST_DIMENSIONS = 8;

    /// Where a tensor lies and how it is to be read.
    ///
    /// @param begin first byte of the tensor, counted from the start of the data
    /// @param end byte behind its last
    record Entry(ElementType type, Shape shape, long begin, long end) {
        long elements() {
            return (end - begin) / type.bytes();
        }
    }

    static SafetensorsHeader parse(String text, long dataBytes, Path file) throws CorruptWeightsException {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new CorruptWeightsException(file, "the header is not JSON: " + e.getOriginalMessage());
        }
        if (root == null || !root.isObject()) {
            throw new CorruptWeightsException(file, "the header is not a JSON object");
        }
        SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> property : root.properties()) {
            if (property.getKey().equals(METADATA)) {
                property.getValue()
                        .properties()
                        .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
            } else {
                tensors.put(property.getKey(), entry(property.getKey(), property.getValue(), dataBytes, file));
            }
        }
        requireGapless(tensors, dataBytes, file);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static Entry entry(String name, JsonNode node, long dataBytes, Path file) throws CorruptWeightsException {
        ElementType type = type(name, node.path("dtype"), file);
        JsonNode shapeNode = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!shapeNode.isArray() || shapeNode.size() > MOST_DIMENSIONS || !offsets.isArray() || offsets.size() != 2) {
            throw new CorruptWeightsException(
                    file, "tensor " + name + " has no usable shape and data_offsets: " + node);
        }
        try {
            long[] shape = new long[shapeNode.size()];
            long bytes = type.bytes();
            for (int i = 0; i < shape.length; i++) {
                shape[i] = size(shapeNode.get(i));
                bytes = Math.multiplyExact(bytes, shape[i]);
            }
            long begin = size(offsets.get(0));
            long end = size(offsets.get(1));
            if (end > dataBytes || begin > end || end - begin != bytes) {
                throw new CorruptWeightsException(
                        file,
                        "tensor " + name + " of " + bytes + " bytes lies at [" + begin + ", " + end + ") of "
                                + dataBytes + " bytes of data");
            }
            return new Entry(type, new Shape(shape), begin, end);
        } catch (ArithmeticException e) {
            throw new CorruptWeightsException(file, "tensor " + name + " has impossible sizes: " + node);
        }
    }

    private static ElementType type(String name, JsonNode dtype, Path file) throws CorruptWeightsException {
        for (ElementType type : ElementType.values()) {
            if (type.name().equals(dtype.asText())) {
                return type;
            }
        }
        throw new CorruptWeightsException(
                file, "tensor " + name + " has dtype " + dtype + "; Millrace reads F32, BF16, F16 (and I64)");
    }

    private static long size(JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw new ArithmeticException("not a size: " + node);
        }
        return node.longValue();
    }

    private static void requireGapless(Map<String, Entry> tensors, long dataBytes, Path file)
            throws CorruptWeightsException {
        List<Map.Entry<String, Entry>> byOffset = new ArrayList<>(tensors.entrySet());
        byOffset.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long next = 0;
        for (Map.Entry<String, Entry> tensor : byOffset) {
            if (tensor.getValue().begin() != next) {
                throw new CorruptWeightsException(
                        file,
                        "tensor " + tensor.getKey() + " begins at byte "
                                + tensor.getValue().begin() + " where " + next
                                + " was due: tensors overlap or leave a gap");
            }
            next = tensor.getValue().end();
        }
        if (next != dataBytes) {
            throw new CorruptWeightsException(
                    file, "the header describes " + next + " bytes of data, the file has " + dataBytes);
        }
    }
}
