package dev.millrace.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.trainer.publish.Outbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// How the end of a disturbed run compares with that of an undisturbed one, and both with the log.
///
/// @param weights SHA-256 of both final files of weights
/// @param optimizer and of the optimizer's state
/// @param ledger what the disturbed run's ledger says
/// @param problems all that differs from what is promised
record Comparison(Both weights, Both optimizer, LedgerAudit.Finding ledger, List<String> problems) {
    private static final ObjectMapper JSON = new ObjectMapper();

    Comparison {
        problems = List.copyOf(problems);
    }

    /// The same of both runs.
    record Both(String undisturbed, String disturbed) {}

    static Comparison of(DocumentLog log, ProofRun undisturbed, ProofRun disturbed) throws IOException {
        List<String> problems = new ArrayList<>();
        Path expected = undisturbed.checkpoints().newest();
        Path actual = disturbed.checkpoints().newest();
        Both weights = hashes(expected, actual, "model.safetensors", problems);
        Both optimizer = hashes(expected, actual, "optimizer.safetensors", problems);
        JsonNode manifest = manifest(actual);
        if (!manifest.equals(manifest(expected))) {
            problems.add("the manifests of " + expected + " and " + actual + " differ");
        }
        count(manifest, "/cursor/counts/records", log.records(), problems);
        count(manifest, "/cursor/counts/rejected", log.poison().size(), problems);
        count(manifest, "/cursor/counts/duplicates", log.repeated(), problems);
        count(manifest, "/cursor/counts/tokens", log.tokens(), problems);
        count(manifest, "/targets", log.targets(), problems);
        LedgerAudit.Finding ledger = ledger(log, undisturbed, disturbed, problems);
        return new Comparison(weights, optimizer, ledger, problems);
    }

    private static LedgerAudit.Finding ledger(
            DocumentLog log, ProofRun undisturbed, ProofRun disturbed, List<String> problems) throws IOException {
        List<String> lines = Files.readAllLines(disturbed.ledger());
        LedgerAudit.Finding finding = LedgerAudit.of(lines, log.documents());
        problems.addAll(finding.problems());
        long steps = undisturbed.checkpoints().newestStep();
        if (finding.steps() != steps) {
            problems.add("the ledger has " + finding.steps() + " steps and the undisturbed run " + steps);
        }
        if (!compositions(lines).equals(compositions(Files.readAllLines(undisturbed.ledger())))) {
            problems.add("the ledgers " + undisturbed.ledger() + " and " + disturbed.ledger()
                    + " compose steps differently");
        }
        return finding;
    }

    private static List<String> compositions(List<String> ledger) {
        return ledger.stream().filter(line -> !line.contains("\"result\"")).toList();
    }

    private static void count(JsonNode manifest, String pointer, long expected, List<String> problems) {
        if (manifest.at(pointer).asLong(-1) != expected) {
            problems.add("the manifest's " + pointer + " is " + manifest.at(pointer) + ", not " + expected);
        }
    }

    /// Without the digest of the outbox: it holds what has not been published yet, which a restart does sooner.
    private static JsonNode manifest(Path checkpoint) throws IOException {
        ObjectNode manifest =
                (ObjectNode) JSON.readTree(checkpoint.resolve("manifest.json").toFile());
        manifest.withObject("/files").remove(Outbox.FILE);
        return manifest;
    }

    private static Both hashes(Path expected, Path actual, String file, List<String> problems) throws IOException {
        Both both = new Both(sha256(expected.resolve(file)), sha256(actual.resolve(file)));
        if (!both.undisturbed().equals(both.disturbed())) {
            problems.add("the final " + file + " differs");
        }
        return both;
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
