package dev.millrace.proof;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A file system in memory that can be full. A process of its own has it mounted, in namespaces of its own, so that no
/// rights are needed where the system lets users have those; others reach it through that process.
public final class SmallFileSystem implements AutoCloseable {
    /// What is allocated at once.
    public static final int PAGE = 4096;

    private static final String MOUNTED = "mounted";
    private static final String BALLAST = "ballast";

    private final Process shell;
    private final Path root;

    private SmallFileSystem(Process shell, Path root) {
        this.shell = shell;
        this.root = root;
    }

    /// @param place an empty directory
    /// @return nothing where this machine does not let it be
    public static Optional<SmallFileSystem> mount(Path place, int kibibytes) throws IOException {
        Process shell;
        try {
            shell = new ProcessBuilder("unshare", "--map-root-user", "--mount", "sh")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException noSuchProgram) {
            return Optional.empty();
        }
        // It ends with its input.
        OutputStream commands = shell.getOutputStream();
        commands.write("mount -t tmpfs -o size=%dk none '%s' && echo %s\n"
                .formatted(kibibytes, place.toAbsolutePath(), MOUNTED)
                .getBytes(StandardCharsets.UTF_8));
        try {
            commands.flush();
        } catch (IOException endedAlready) {
            return Optional.empty();
        }
        BufferedReader answers = shell.inputReader(StandardCharsets.UTF_8);
        Path root = Path.of("/proc", Long.toString(shell.pid()), "root" + place.toAbsolutePath());
        if (!MOUNTED.equals(answers.readLine()) || !Files.isWritable(root)) {
            shell.destroyForcibly();
            return Optional.empty();
        }
        return Optional.of(new SmallFileSystem(shell, root));
    }

    /// Its root, for any process of this user.
    public Path root() {
        return root;
    }

    /// Fills it, but for so many bytes.
    public void fill(long room) {
        long bytes = root.toFile().getUsableSpace() - room;
        try {
            Files.write(root.resolve(BALLAST), new byte[Math.toIntExact(bytes)]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Makes room again.
    public void empty() throws IOException {
        Files.delete(root.resolve(BALLAST));
    }

    /// What files take up: whole pages.
    public static long pages(Path... files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += (Files.size(file) + PAGE - 1) / PAGE * PAGE;
        }
        return bytes;
    }

    @Override
    public void close() {
        shell.destroyForcibly().onExit().join();
    }
}
