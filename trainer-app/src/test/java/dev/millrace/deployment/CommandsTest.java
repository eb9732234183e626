package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What a README tells a reader to type is something that somebody runs.
class CommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final String TESTS = "trainer-app/src/test/java/dev/millrace/";

    private static final Pattern FILE = Pattern.compile("\\bk8s/\\S+");
    private static final Pattern OBJECT = Pattern.compile("\\b(statefulset|deployment|service|pod|job)/[a-z0-9-]+");

    /// Who keeps a command true.
    ///
    /// @param beginning of the command, up to the end of a word or of a path
    /// @param runner a file below the root
    /// @param mark what that file holds where it runs the command, or what the command does
    private record Kept(String beginning, String runner, String mark) {
        boolean covers(String command) {
            return command.equals(beginning)
                    || command.startsWith(beginning + " ")
                    || command.startsWith(beginning + "?");
        }

        boolean isTrue() throws IOException {
            Path file = ROOT.resolve(runner);
            return Files.isRegularFile(file) && Files.readString(file).contains(mark);
        }
    }

    private static final String FEEDING = TESTS + "deployment/FeedingDocumentsIT.java";
    private static final String RENDERED = TESTS + "deployment/KubernetesTest.java";
    private static final List<Kept> LIST = List.of(
            new Kept("./mvnw verify", ".ci/run", "./mvnw -B -ntp verify"),
            new Kept("./mvnw -Pquickstart", TESTS + "quickstart/Quickstart.java", "void main("),
            new Kept("./mvnw -Pprove", TESTS + "proof/CrashIT.java", "@Test"),
            new Kept("./mvnw -Pbench", TESTS + "bench/BenchTest.java", "@Test"),
            // The tests of an app as a process stand on its packaged jar, and refuse to run without one.
            new Kept("./mvnw -Dquick -DskipTests package", ".ci/run", "package -Dnative"),
            new Kept("./mvnw -Pbroker", TESTS + "quickstart/Cluster.java", "KafkaMain"),
            new Kept("java -jar producer-app/target/quarkus-app/quarkus-run.jar", FEEDING, "AppProcess.start"),
            new Kept("curl -H 'Content-Type: application/json'", FEEDING, "Commands.below"),
            new Kept("curl -H 'Content-Type: application/x-ndjson'", FEEDING, "Commands.below"),
            new Kept("curl -H 'Content-Type: text/plain'", FEEDING, "Commands.below"),
            new Kept("curl -F id=page-2", FEEDING, "Commands.below"),
            new Kept("curl 'localhost:8081/v1/lineage", TESTS + "trainer/TrainerAppIT.java", "/v1/lineage?"),
            new Kept("curl localhost:8081/v1/model", TESTS + "trainer/TrainerGenerateIT.java", "/v1/model"),
            new Kept("curl localhost:8081/v1/generate", TESTS + "trainer/TrainerGenerateIT.java", "/v1/generate"),
            // There is no cluster to run these in; k8s/README.md says so. What they send is rendered and read.
            new Kept("kind create cluster", "k8s/README.md", "no cluster has run any of this"),
            new Kept("kind load docker-image", "k8s/README.md", "no image has been built"),
            new Kept("kubectl apply -k", RENDERED, "everyOverlayHoldsTogether"),
            new Kept("kubectl apply -f", RENDERED, "everyManifestIsWhatTheApiServerExpects"),
            new Kept("kubectl -n millrace", RENDERED, "everyOverlayHoldsTogether"));

    @Test
    void everyCommandOfTheReadmesIsKeptTrueBySomething() throws IOException {
        List<String> orphans = new ArrayList<>();
        List<String> commands = new ArrayList<>(Commands.of(ROOT.resolve("README.md")));
        commands.addAll(Commands.of(ROOT.resolve("k8s/README.md")));
        for (String command : parts(commands)) {
            List<Kept> keepers =
                    LIST.stream().filter(kept -> kept.covers(command)).toList();
            if (keepers.isEmpty()) {
                orphans.add(command + ": add it to the list here, with the test that runs it");
            }
            for (Kept kept : keepers) {
                if (!kept.isTrue()) {
                    orphans.add(command + ": " + kept.runner() + " does not hold " + kept.mark());
                }
            }
        }

        assertThat(commands).hasSizeGreaterThan(10);
        assertThat(orphans).isEmpty();
    }

    /// No cluster runs them here, but what they name must be there.
    @Test
    void theFilesAndObjectsThatKubernetesCommandsNameExist() throws IOException {
        List<HasMetadata> objects = new ArrayList<>();
        for (Path file : KubernetesTest.manifests()) {
            objects.addAll(StrictManifests.read(file.toString(), Files.readString(file)));
        }
        List<String> existing = objects.stream()
                .map(object -> object.getKind().toLowerCase(Locale.ROOT) + "/"
                        + object.getMetadata().getName())
                .toList();
        List<String> named = new ArrayList<>();
        for (String command : parts(Commands.of(ROOT.resolve("k8s/README.md")))) {
            FILE.matcher(command)
                    .results()
                    .forEach(file ->
                            assertThat(ROOT.resolve(file.group())).as(command).exists());
            OBJECT.matcher(command).results().forEach(object -> named.add(object.group()));
        }

        assertThat(named).isNotEmpty();
        assertThat(existing).containsAll(named);
    }

    /// A line may hold several commands; each needs a keeper.
    private static List<String> parts(List<String> commands) {
        return commands.stream()
                .flatMap(command -> Stream.of(command.split(" && ", -1)))
                .toList();
    }

    @Test
    void commandsAreTheLinesOfShellBlocksWithoutTheirComments() {
        String markdown = """
                `./mvnw inline`
                ```
                a drawing
                ```
                ```sh
                # a remark
                ./mvnw -Pone &   # why

                curl 'localhost/#part'
                ```
                ./mvnw outside
                """;

        assertThat(Commands.in(markdown)).containsExactly("./mvnw -Pone &", "curl 'localhost/#part'");
    }
}
