package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DockerfilesTest {
    static List<Path> dockerfiles() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String app : List.of("producer-app", "trainer-app")) {
            try (Stream<Path> found = Files.list(Path.of("..", app, "src/main/docker"))) {
                found.sorted().forEach(files::add);
            }
        }
        return files;
    }

    @ParameterizedTest
    @MethodSource("dockerfiles")
    void everyImageHasAVersionedBaseAndANumberedUser(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);

        assertThat(lines)
                .filteredOn(line -> line.startsWith("FROM "))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).matches("FROM [a-z0-9./-]+/[a-z0-9-]+:[0-9][\\w.-]*( AS \\w+)?"));
        assertThat(lines).filteredOn(line -> line.startsWith("USER ")).containsExactly("USER 10001:10001");
        assertThat(lines.indexOf("USER 10001:10001"))
                .as("nothing is done as root after the user is set")
                .isGreaterThan(lastRun(lines));
    }

    @ParameterizedTest
    @MethodSource("dockerfiles")
    void theProcessIsStartedWithoutAShellSoThatItGetsTheSignals(Path file) throws IOException {
        assertThat(Files.readAllLines(file))
                .filteredOn(line -> line.startsWith("ENTRYPOINT "))
                .singleElement()
                .asString()
                .startsWith("ENTRYPOINT [\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile.cpu", "Dockerfile.cuda"})
    void theTrainerHasTheAllocatorThatItPreloads(String name) throws IOException {
        String file = Files.readString(Path.of("src/main/docker", name));

        // The loader only complains of a library that is not there.
        assertThat(file.lastIndexOf("libtcmalloc-minimal4t64 \\"))
                .isPositive()
                .isLessThan(file.indexOf("LD_PRELOAD=libtcmalloc_minimal.so.4 \\"));
    }

    /// By the names of libtorch's archives: DJL found none of a machine's GPUs by them.
    @ParameterizedTest
    @ValueSource(strings = {"libcudart-9335f6a2.so.12", "libcudart.so.12"})
    void djlFindsTheRuntimeThatItCountsGpusWith(String name, @TempDir Path directory) throws Exception {
        String link = Files.readAllLines(Path.of("src/main/docker/Dockerfile.cuda")).stream()
                .filter(line -> line.contains("ln -sf"))
                .map(line -> line.replace("&& ", "").replace("/opt/libtorch/lib", directory.toString()))
                .map(line -> line.substring(0, line.lastIndexOf('\\')))
                .collect(Collectors.joining());
        Files.writeString(directory.resolve(name), "the library");

        assertThat(new ProcessBuilder("sh", "-c", link).inheritIO().start().waitFor())
                .isZero();

        assertThat(directory.resolve("libcudart.so")).hasContent("the library");
    }

    private static int lastRun(List<String> lines) {
        int last = -1;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith("RUN ") || lines.get(i).startsWith("COPY ")) {
                last = i;
            }
        }
        return last;
    }
}
