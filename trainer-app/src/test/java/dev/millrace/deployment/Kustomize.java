package dev.millrace.deployment;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Renders overlays with the `kubectl` or `kustomize` on the PATH.
final class Kustomize {
    private static final int TIMEOUT_SECONDS = 60;

    private final List<String> command;

    private Kustomize(List<String> command) {
        this.command = command;
    }

    static Optional<Kustomize> onPath() {
        if (isOnPath("kustomize")) {
            return Optional.of(new Kustomize(List.of("kustomize", "build")));
        }
        return isOnPath("kubectl") ? Optional.of(new Kustomize(List.of("kubectl", "kustomize"))) : Optional.empty();
    }

    private static boolean isOnPath(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        for (String directory : path.split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(directory, name))) {
                return true;
            }
        }
        return false;
    }

    /// The objects of a directory with a `kustomization.yaml`, as YAML.
    String render(Path directory) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(command);
        line.add(directory.toString());
        // Into files: a full pipe would stop the process before it ends.
        Path output = Files.createTempFile("kustomize", ".yaml");
        Path errors = Files.createTempFile("kustomize", ".err");
        try {
            Process process = new ProcessBuilder(line)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(line + " did not end within " + TIMEOUT_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new IllegalStateException(line + " failed: " + Files.readString(errors, StandardCharsets.UTF_8));
            }
            return Files.readString(output, StandardCharsets.UTF_8);
        } finally {
            Files.delete(output);
            Files.delete(errors);
        }
    }
}
