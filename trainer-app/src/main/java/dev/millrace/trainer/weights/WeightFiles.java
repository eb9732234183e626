package dev.millrace.trainer.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The weights of a Hugging Face model directory: one `model.safetensors`, or shards that
/// `model.safetensors.index.json` names.
///
/// Whatever is missing, superfluous or of another shape than wanted is refused with its name and file, before any
/// tensor is copied.
public final class WeightFiles implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    /// No separator, so nothing outside the directory can be named.
    private static final Pattern PLAIN_NAME = Pattern.compile("[\\w.-]+\\.safetensors");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NAMES_IN_A_MESSAGE = 5;

    private final Path directory;
    private final SequencedMap<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
    private final List<SafetensorsFile> files = new ArrayList<>();

    private WeightFiles(Path directory) {
        this.directory = directory;
    }

    /// Maps the files of a directory and checks their headers.
    ///
    /// @throws CorruptWeightsException if a file is damaged, or the index does not fit the files
    public static WeightFiles open(Path directory) throws IOException {
        WeightFiles weights = new WeightFiles(directory);
        try {
            Path index = directory.resolve(INDEX);
            Path single = directory.resolve(SINGLE);
            if (Files.exists(single)) {
                weights.add(single);
            } else if (Files.exists(index)) {
                weights.addShards(index);
            } else {
                throw new CorruptWeightsException(
                        directory, "has neither " + SINGLE + " nor " + INDEX + ": give a Hugging Face model directory");
            }
            return weights;
        } catch (IOException | RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /// Maps one file and checks its header.
    ///
    /// @throws CorruptWeightsException if it is damaged
    public static WeightFiles ofFile(Path file) throws IOException {
        WeightFiles weights = new WeightFiles(file);
        weights.add(file);
        return weights;
    }

    /// What tells the weights of a directory from others: a SHA-256 over the names and bytes of its `config.json` and
    /// its safetensors files.
    public static String digest(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (Path file : entries.filter(WeightFiles::isDigested).sorted().toList()) {
                sha256.update((file.getFileName() + "\n").getBytes(StandardCharsets.UTF_8));
                try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256)) {
                    in.transferTo(OutputStream.nullOutputStream());
                }
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static boolean isDigested(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.equals("config.json") || PLAIN_NAME.matcher(name).matches();
    }

    private void add(Path path) throws IOException {
        SafetensorsFile file = SafetensorsFile.open(path);
        files.add(file);
        for (String name : file.names()) {
            SafetensorsFile other = fileOf.putIfAbsent(name, file);
            if (other != null) {
                throw new CorruptWeightsException(
                        path, "tensor " + name + " is in " + other.path().getFileName() + " as well");
            }
        }
    }

    private void addShards(Path index) throws IOException {
        Map<String, String> shardOf = shards(index);
        for (String shard : new TreeSet<>(shardOf.values())) {
            if (!PLAIN_NAME.matcher(shard).matches()) {
                throw new CorruptWeightsException(
                        index, "names the shard " + shard + ": a shard must lie beside its index");
            }
            Path path = directory.resolve(shard);
            if (!Files.exists(path)) {
                throw new CorruptWeightsException(index, "names the shard " + shard + ", which is not there");
            }
            add(path);
        }
        for (Map.Entry<String, String> claim : shardOf.entrySet()) {
            SafetensorsFile file = fileOf.get(claim.getKey());
            if (file == null || !String.valueOf(file.path().getFileName()).equals(claim.getValue())) {
                throw new CorruptWeightsException(
                        index, "says that tensor " + claim.getKey() + " is in " + claim.getValue() + ": it is not");
            }
        }
    }

    private static Map<String, String> shards(Path index) throws IOException {
        JsonNode map;
        try {
            map = JSON.readTree(Files.readString(index)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw new CorruptWeightsException(index, "is not JSON: " + e.getOriginalMessage());
        }
        if (!map.isObject() || map.isEmpty()) {
            throw new CorruptWeightsException(index, "has no weight_map");
        }
        Map<String, String> shardOf = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            if (!entry.getValue().isTextual()) {
                throw new CorruptWeightsException(index, "weight_map has no file name for " + entry.getKey());
            }
            shardOf.put(entry.getKey(), entry.getValue().asText());
        }
        return shardOf;
    }

    /// Copies the wanted tensors to the owner's device, as float32.
    ///
    /// @param wanted shape by name; the order of the result
    /// @param ignorable names that may be present though they are not wanted
    /// @throws CorruptWeightsException if the files hold more, less or something else
    public SequencedMap<String, NDArray> read(
            SequencedMap<String, Shape> wanted, Predicate<String> ignorable, NDManager owner) throws IOException {
        List<String> missing = new ArrayList<>(wanted.sequencedKeySet());
        missing.removeAll(fileOf.keySet());
        if (!missing.isEmpty()) {
            throw new CorruptWeightsException(directory, "lacks " + some(missing));
        }
        List<String> superfluous = new ArrayList<>(fileOf.sequencedKeySet());
        superfluous.removeIf(name -> wanted.containsKey(name) || ignorable.test(name));
        if (!superfluous.isEmpty()) {
            throw new CorruptWeightsException(
                    file(superfluous.getFirst()).path(), "holds what the model has no place for: " + some(superfluous));
        }
        for (Map.Entry<String, Shape> want : wanted.entrySet()) {
            SafetensorsFile file = file(want.getKey());
            if (!file.shape(want.getKey()).equals(want.getValue())) {
                throw new CorruptWeightsException(
                        file.path(),
                        "tensor " + want.getKey() + " has shape " + file.shape(want.getKey()) + ", the model wants "
                                + want.getValue());
            }
        }
        SequencedMap<String, NDArray> tensors = new LinkedHashMap<>();
        for (String name : wanted.sequencedKeySet()) {
            tensors.put(name, file(name).read(name, owner));
        }
        return tensors;
    }

    private SafetensorsFile file(String name) throws CorruptWeightsException {
        SafetensorsFile file = fileOf.get(name);
        if (file == null) {
            throw new CorruptWeightsException(directory, "lacks " + name);
        }
        return file;
    }

    private static String some(List<String> names) {
        int shown = Math.min(NAMES_IN_A_MESSAGE, names.size());
        String rest = names.size() > shown ? " and " + (names.size() - shown) + " more" : "";
        return String.join(", ", names.subList(0, shown)) + rest;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
