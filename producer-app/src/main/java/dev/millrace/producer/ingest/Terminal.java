package dev.millrace.producer.ingest;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The terminal that this process was started from.
final class Terminal {
    private static final int USUAL_WIDTH = 80;
    private static final int LEAST_WIDTH = 10;

    private Terminal() {}

    /// Where standard input and output are one.
    static Optional<Terminal> find() {
        return Optional.ofNullable(System.console()).filter(Console::isTerminal).map(_ -> new Terminal());
    }

    /// Its width in characters, as it is now; 80 where nothing tells.
    int width() {
        try {
            // The JDK does not know it. Its answer is some bytes, which fit in any pipe.
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/tty")))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!stty.waitFor(1, TimeUnit.SECONDS)) {
                stty.destroyForcibly();
                return USUAL_WIDTH;
            }
            String[] size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                    .strip()
                    .split(" ", -1);
            int width = size.length == 2 ? Integer.parseInt(size[1]) : 0;
            return width < LEAST_WIDTH ? USUAL_WIDTH : width;
        } catch (IOException | NumberFormatException e) {
            // No stty, as in the smallest images, or no such terminal.
            return USUAL_WIDTH;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return USUAL_WIDTH;
        }
    }
}
