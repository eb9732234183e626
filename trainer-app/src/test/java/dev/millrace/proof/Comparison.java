package dev.millrace.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.publish.Outbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

/// How the end of a disturbed run compares with that of an undisturbed one, and both with the log.
///
/// @param weights SHA-256 of both final files of weights
/// @param optimizer and of the optimizer's state
/// @param ledger what the disturbed run's ledger says
/// @param repeatedLetters dead letters of the disturbed run beyond one for each bad record
/// @param problems all that differs from what is promised
record Comparison(
        Both weights, Both optimizer, LedgerAudit.Finding ledger, long repeatedLetters, List<String> problems) {
    private static final ObjectMapper JSON = new ObjectMapper();

    Comparison {
        problems = List.copyOf(problems);
    }

    /// The same of both runs.
    record Both(String undisturbed, String disturbed) {}

    static Comparison of(DocumentLog log, ProofRun undisturbed, ProofRun disturbed)
            throws IOException, InterruptedException, ExecutionException {
        List<String> problems = new ArrayList<>();
        Path expected = undisturbed.checkpoints().newest();
        Path actual = disturbed.checkpoints().newest();
        Both weights = hashes(expected, actual, "model.safetensors", problems);
        Both optimizer = hashes(expected, actual, "optimizer.safetensors", problems);
        JsonNode manifest = manifest(actual);
        if (!manifest.equals(manifest(expected))) {
            problems.add("the manifests of " + expected + " and " + actual + " differ");
        }
        disturbed.epochs().ifPresent(epochs -> counts(log, epochs, manifest, problems));
        List<LedgerEntry> entries = entries(disturbed);
        if (!compositions(entries).equals(compositions(entries(undisturbed)))) {
            problems.add("the ledgers " + undisturbed.ledger() + " and " + disturbed.ledger()
                    + " compose steps differently");
        }
        LedgerAudit.Finding ledger = audit(log, disturbed);
        problems.addAll(ledger.problems());
        if (ledger.steps() != manifest.path("step").asLong()) {
            problems.add(
                    "the ledger has " + ledger.steps() + " steps and the last checkpoint " + manifest.path("step"));
        }
        problems.addAll(disturbed.published().problems(entries, manifest));
        DeadLetterCount letters = disturbed.letters();
        problems.addAll(letters.problems(disturbed.toString(), read(log.poison(), manifest)));
        return new Comparison(weights, optimizer, ledger, letters.repeats(), problems);
    }

    private static LedgerAudit.Finding audit(DocumentLog log, ProofRun run) throws IOException {
        List<String> lines = Files.readAllLines(run.ledger());
        return run.epochs().isPresent()
                ? LedgerAudit.of(lines, log.documents(), run.epochs().getAsInt())
                : LedgerAudit.soFar(lines, log.documents());
    }

    private static List<LedgerEntry> entries(ProofRun run) throws IOException {
        return LedgerReader.in(run.checkpoints().root()).between(0, Long.MAX_VALUE);
    }

    private static List<Composition> compositions(List<LedgerEntry> ledger) {
        return ledger.stream().map(LedgerEntry::composition).toList();
    }

    /// Of a run that is over: of one that goes on for ever, the audit of its ledger says how far it has come.
    private static void counts(DocumentLog log, int epochs, JsonNode manifest, List<String> problems) {
        count(manifest, "/cursor/counts/records", epochs * log.records(), problems);
        count(manifest, "/cursor/counts/rejected", (long) epochs * log.poison().size(), problems);
        count(manifest, "/cursor/counts/duplicates", (long) epochs * log.repeated(), problems);
        count(manifest, "/cursor/counts/tokens", epochs * log.tokens(), problems);
        count(manifest, "/targets", log.targets(epochs), problems);
    }

    /// The places that a run has come past.
    private static Set<DocumentLog.Place> read(Set<DocumentLog.Place> places, JsonNode manifest) {
        Map<Integer, JsonNode> examined = new HashMap<>();
        manifest.at("/cursor/partitions")
                .forEach(each -> examined.put(each.path("partition").asInt(), each.path("examined")));
        return places.stream()
                .filter(place -> {
                    JsonNode end = Objects.requireNonNull(examined.get(place.partition()));
                    return end.path("epoch").asInt() > 0
                            || place.offset() < end.path("offset").asLong();
                })
                .collect(Collectors.toSet());
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
