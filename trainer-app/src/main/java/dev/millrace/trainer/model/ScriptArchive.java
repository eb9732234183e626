package dev.millrace.trainer.model;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Writes a TorchScript archive, the file that `torch.jit.save` writes, from functions given as text.
///
/// The archive is a plain zip of four entries: the code, the module object and its constant table as Python pickles
/// (protocol 2), and a format version. The module has no parameters; its numbers (an epsilon, a head size) are
/// attributes, so that functions read them as `self.name` and no call has to carry them. Equal input gives equal
/// bytes.
final class ScriptArchive {
    private static final String MODULE = "Kernels";
    private static final String FORMAT_VERSION = "3\n";

    private ScriptArchive() {}

    /// The archive as bytes.
    ///
    /// @param constants values of type [Long] or [Double], visible in the functions as `self.key`
    /// @param functions TorchScript function definitions, each indented as a top-level `def`
    static byte[] write(SequencedMap<String, Number> constants, List<String> functions) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            put(zip, "kernels/data.pkl", moduleObject(constants));
            put(zip, "kernels/code/__torch__.py", code(constants, functions).getBytes(StandardCharsets.UTF_8));
            put(zip, "kernels/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "kernels/version", FORMAT_VERSION.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException("A zip in memory failed", e);
        }
        return archive.toByteArray();
    }

    private static String code(Map<String, Number> constants, List<String> functions) {
        StringBuilder code = new StringBuilder();
        code.append("class ").append(MODULE).append("(Module):\n");
        code.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        constants.forEach((name, value) ->
                code.append("  ").append(name).append(value instanceof Double ? " : float\n" : " : int\n"));
        for (String function : functions) {
            code.append(function.strip().indent(2));
        }
        return code.toString();
    }

    /// The pickle of `__torch__.Kernels` with `training = True` and the constants as its state.
    private static byte[] moduleObject(Map<String, Number> constants) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream pickle = new DataOutputStream(bytes);
        pickle.write(0x80);
        pickle.write(2);
        pickle.writeBytes("c__torch__\n" + MODULE + "\n)\u0081}(");
        key(pickle, "training");
        pickle.write(0x88);
        for (Map.Entry<String, Number> constant : constants.entrySet()) {
            key(pickle, constant.getKey());
            switch (constant.getValue()) {
                case Double number -> {
                    pickle.write('G');
                    pickle.writeDouble(number);
                }
                case Long number -> {
                    pickle.write(0x8a);
                    pickle.write(Long.BYTES);
                    pickle.writeLong(Long.reverseBytes(number));
                }
                case Number other ->
                    throw new IllegalArgumentException(
                            "Constant " + constant.getKey() + " is a " + other.getClass() + ", not Long or Double");
            }
        }
        pickle.writeBytes("ub.");
        return bytes.toByteArray();
    }

    private static void key(DataOutputStream pickle, String key) throws IOException {
        byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
        pickle.write('X');
        pickle.writeInt(Integer.reverseBytes(utf8.length));
        pickle.write(utf8);
    }

    /// Stored, not deflated: libtorch's own reader accepts nothing else for what it maps.
    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
