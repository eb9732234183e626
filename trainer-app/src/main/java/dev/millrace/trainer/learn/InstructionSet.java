package dev.millrace.trainer.learn;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which vector instructions this machine has. libtorch and the libraries below it choose their kernels by them
/// and by the maker of the CPU, and the last bits of a sum depend on the kernel.
final class InstructionSet {
    private static final Path CPUS = Path.of("/proc/cpuinfo");
    /// x86: AVX, FMA and AMX in all their forms; ARM: ASIMD, SVE, SME and the bf16 and int8 products.
    private static final Pattern VECTOR = Pattern.compile("(avx|fma|amx|asimd|sve|sme|bf16|i8mm).*");

    /// What tells the libraries to use less than there is, or to sum otherwise.
    private static final List<String> LIMITS = List.of(
            "ATEN_CPU_CAPABILITY",
            "DNNL_MAX_CPU_ISA",
            "MKL_CBWR",
            "MKL_ENABLE_INSTRUCTIONS",
            "ONEDNN_DEFAULT_FPMATH_MODE",
            "ONEDNN_MAX_CPU_ISA");

    private InstructionSet() {}

    /// As Linux tells it; of another system the architecture only.
    static String here() {
        String architecture = System.getProperty("os.arch");
        try {
            String cpu = Files.exists(CPUS) ? " " + of(Files.readAllLines(CPUS)) : "";
            return architecture + cpu + limits(System.getenv());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @param lines of a `/proc/cpuinfo`, where the first CPU speaks for all
    static String of(List<String> lines) {
        SortedSet<String> features = Pattern.compile("\\s+")
                .splitAsStream(value(lines, "flags") + " " + value(lines, "Features"))
                .filter(feature -> VECTOR.matcher(feature).matches())
                .collect(Collectors.toCollection(TreeSet::new));
        return (value(lines, "vendor_id") + value(lines, "CPU implementer") + " " + String.join(" ", features)).trim();
    }

    /// @param environment of this process
    static String limits(Map<String, String> environment) {
        StringBuilder limits = new StringBuilder();
        for (String name : LIMITS) {
            if (environment.containsKey(name)) {
                limits.append(' ').append(name).append('=').append(environment.get(name));
            }
        }
        return limits.toString();
    }

    private static String value(List<String> lines, String name) {
        return lines.stream()
                .map(line -> line.split(":", 2))
                .filter(pair -> pair.length == 2 && pair[0].strip().equals(name))
                .map(pair -> pair[1].strip())
                .findFirst()
                .orElse("");
    }
}
