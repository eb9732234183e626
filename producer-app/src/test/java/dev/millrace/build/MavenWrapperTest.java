package dev.millrace.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `./mvnw` picks its JDK in an environment that names none.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "mvnw.cmd has no such search")
class MavenWrapperTest {
    private static final Path RUNNING_JDK = Path.of(System.getProperty("java.home"));
    private static final Pattern VERSION = Pattern.compile("(?m)^Java version: (\\d+)");

    @TempDir
    Path directory;

    private record Outcome(int code, String output) {}

    @Test
    void findsAJdkOnThisMachineWithNothingButPathAndHome() throws Exception {
        assumeThat(RUNNING_JDK).as("a JDK in a usual place").startsWith(Path.of("/usr/lib/jvm"));

        Outcome outcome = wrapper(Map.of("PATH", environment("PATH"), "HOME", environment("HOME")));

        assertThat(outcome.code()).as(outcome.output()).isZero();
        assertThat(javaVersion(outcome)).isGreaterThanOrEqualTo(25);
    }

    @Test
    void passesOverAnOlderJdkAndOneWithoutCompiler() throws Exception {
        Path places = Files.createDirectories(directory.resolve("usr/lib/jvm"));
        fakeJdk(places.resolve("a-jdk-17"), "17.0.15");
        Files.delete(fakeJdk(places.resolve("b-jre-25"), "25.0.1"));
        Files.createSymbolicLink(places.resolve("c-jdk"), RUNNING_JDK);

        Outcome outcome = wrapper(Map.of(
                "PATH", "/usr/bin:/bin", "HOME", environment("HOME"), "MILLRACE_JDK_ROOT", directory.toString()));

        assertThat(outcome.code()).as(outcome.output()).isZero();
        assertThat(javaVersion(outcome)).isGreaterThanOrEqualTo(25);
    }

    @Test
    void saysInOneLineWhatToInstallWhereThereIsNone() throws Exception {
        String nowhere = directory.toString();

        Outcome outcome = wrapper(Map.of("PATH", nowhere, "HOME", nowhere, "MILLRACE_JDK_ROOT", nowhere));

        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.output().lines()).singleElement().asString().contains("JDK 25", "install one", "JAVA_HOME");
    }

    /// A directory that looks like a JDK to the wrapper; returns its compiler.
    private static Path fakeJdk(Path home, String version) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Path javac = Files.writeString(home.resolve("bin/javac"), "#!/bin/sh\nexit 1\n");
        assertThat(javac.toFile().setExecutable(true)).isTrue();
        return javac;
    }

    private Outcome wrapper(Map<String, String> environment) throws IOException, InterruptedException {
        Path output = directory.resolve("output.txt");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of("../mvnw").toRealPath().toString(), "--version")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("mvnw --version did not end within 120 s");
        }
        return new Outcome(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }

    private static int javaVersion(Outcome outcome) {
        Matcher matcher = VERSION.matcher(outcome.output());
        assertThat(matcher.find()).as(outcome.output()).isTrue();
        return Integer.parseInt(matcher.group(1));
    }

    private static String environment(String name) {
        String value = System.getenv(name);
        assertThat(value).as(name).isNotNull();
        return value;
    }
}
