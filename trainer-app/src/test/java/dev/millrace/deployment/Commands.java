package dev.millrace.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The shell commands of a README: the lines of its blocks that are fenced as `sh`, without comments.
final class Commands {
    private static final String FENCE = "```";
    private static final Pattern COMMENT = Pattern.compile("\\s+#.*$");

    private Commands() {}

    static List<String> of(Path readme) throws IOException {
        return in(Files.readString(readme));
    }

    /// Those below one heading.
    static List<String> below(String heading, Path readme) throws IOException {
        String text = Files.readString(readme);
        int from = text.indexOf("\n" + heading + "\n");
        if (from < 0) {
            throw new IllegalArgumentException(readme + " has no heading " + heading);
        }
        int to = text.indexOf("\n## ", from + 1);
        return in(text.substring(from, to < 0 ? text.length() : to));
    }

    static List<String> in(String markdown) {
        List<String> commands = new ArrayList<>();
        boolean inside = false;
        for (String line : markdown.lines().toList()) {
            if (line.startsWith(FENCE)) {
                inside = !inside && line.strip().equals(FENCE + "sh");
            } else if (inside && !line.isBlank() && !line.startsWith("#")) {
                commands.add(COMMENT.matcher(line).replaceFirst("").strip());
            }
        }
        return commands;
    }
}
