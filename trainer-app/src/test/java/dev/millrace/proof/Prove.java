package dev.millrace.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;

/// `./mvnw -Pprove`: kills a run as often as told, prints what came of it and ends with 0 only if nothing differs.
///
/// Argument: the trainer's module. Options: `-Dprove.kills=20`, `-Dprove.seed=` (any number; without it a new one,
/// which is printed).
final class Prove {
    private static final int KILLS = 20;
    private static final int DOCUMENTS = 6_000;
    private static final int PARTITIONS = 4;

    private Prove() {}

    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.println("usage: Prove TRAINER_MODULE");
            System.exit(2);
        }
        int code = 1;
        try {
            code = prove(Path.of(arguments[0]).toAbsolutePath().normalize()) ? 0 : 1;
        } catch (InterruptedException e) {
            System.err.println("The proof was interrupted");
        } catch (IOException | ExecutionException | RuntimeException | AssertionError e) {
            System.err.println("The proof could not be carried out: " + e.getMessage());
            e.printStackTrace();
        }
        System.exit(code);
    }

    private static boolean prove(Path module) throws IOException, InterruptedException, ExecutionException {
        int kills = Math.toIntExact(option("prove.kills", KILLS));
        long seed = option("prove.seed", System.currentTimeMillis());
        // A run that is long enough for so many kills.
        int documents = Math.max(DOCUMENTS, Math.multiplyExact(kills, 100));
        Path directory = Files.createTempDirectory(Files.createDirectories(module.resolve("target/prove")), "run-");
        System.out.printf("%d kills, seed %d; logs in %s%n", kills, seed, directory);
        CrashReport report = new CrashHarness(
                        module,
                        directory,
                        new CrashHarness.Options(kills, seed, documents, PARTITIONS),
                        System.out::println)
                .run();
        System.out.println(report.table());
        return report.problems().isEmpty();
    }

    private static long option(String name, long otherwise) {
        String set = System.getProperty(name, "");
        return set.isBlank() ? otherwise : Long.parseLong(set);
    }
}
