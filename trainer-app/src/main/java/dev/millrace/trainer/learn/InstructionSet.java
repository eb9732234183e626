package dev.millrace.trainer.learn;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which vector instructions this machine has. libtorch and the libraries below it choose their kernels by them and
/// by the maker of the CPU, and the last bits of a sum depend on the kernel.
final class InstructionSet {
    private static final Path CPUS = Path.of("/proc/cpuinfo");
    /// x86: AVX, FMA and AMX in all their forms; ARM: ASIMD, SVE, SME and the bf16 and int8 products.
    private static final Pattern VECTOR = Pattern.compile("(avx|fma|amx|asimd|sve|sme|bf16|i8mm).*");

    private InstructionSet() {}

    /// As Linux tells it; of another system the architecture only.
    static String here() {
        String architecture = System.getProperty("os.arch");
        try {
            return Files.exists(CPUS) ? architecture + " " + of(Files.readAllLines(CPUS)) : architecture;
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

    private static String value(List<String> lines, String name) {
        return lines.stream()
                .map(line -> line.split(":", 2))
                .filter(pair -> pair.length == 2 && pair[0].strip().equals(name))
                .map(pair -> pair[1].strip())
                .findFirst()
                .orElse("");
    }
}
